"""Follow one order through every server: ``python -m console.follow`` prints its story in the terminal."""
