"""``python -m console.follow``: place an order, or take one that was placed, and tell its story in the terminal."""
