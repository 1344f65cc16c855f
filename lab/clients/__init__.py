"""Clients of a running instance's launcher, shop and servers."""
