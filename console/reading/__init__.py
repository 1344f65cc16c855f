"""Several servers asked at once, and answers remembered for a few seconds."""
