"""Faults of the API, which administrators switch on and off."""
