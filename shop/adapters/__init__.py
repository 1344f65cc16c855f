"""Implementations of the ports on real servers."""
