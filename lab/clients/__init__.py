"""Clients of a running instance: its launcher, its shop, its servers."""
