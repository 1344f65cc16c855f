"""What the shop is about, in the standard library alone."""
