"""What drills tell: lines while they run, a table, Markdown, JSON, a picture."""
