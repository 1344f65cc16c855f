"""Drill reports: progress lines, a table, Markdown, JSON and a picture."""
