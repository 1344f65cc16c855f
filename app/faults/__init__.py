"""Faults of the API: injected, switched by administrators."""
