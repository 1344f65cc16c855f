"""Requests: which there were lately, and one of them followed through every service."""
