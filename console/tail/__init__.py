"""The page Logs: lines as they are written, and lines that were."""
