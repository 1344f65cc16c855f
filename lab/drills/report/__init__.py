"""Reports of drills: progress lines, a table, Markdown, JSON, a picture."""
