"""What a run tells: lines while it runs, a summary, a report with pictures, and JSON."""
