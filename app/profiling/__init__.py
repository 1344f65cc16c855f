"""Profiles of single requests."""
