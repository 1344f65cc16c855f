"""The page Logs: lines as they are written, and earlier lines."""
