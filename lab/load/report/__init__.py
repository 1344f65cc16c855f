"""Reports of a run: progress lines, a summary, an HTML page with charts, and JSON."""
