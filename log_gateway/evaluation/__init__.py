"""Evaluates LogQL over lines from a ``Source``: log queries give streams, metric queries give series."""
