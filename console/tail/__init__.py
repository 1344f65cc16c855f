"""Log lines as they are written."""
