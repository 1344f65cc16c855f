"""Evaluates LogQL over lines from a ``Source``: log queries to streams, metric queries to series."""
