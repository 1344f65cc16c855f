"""Evaluate LogQL over lines from a ``Source``: log queries return streams, metric queries return series."""
