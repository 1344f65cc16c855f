"""Faults that can be switched on, and fire drills."""
