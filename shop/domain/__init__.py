"""The domain model; uses only the standard library."""
