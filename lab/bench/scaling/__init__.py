"""``make bench-scaling``: how the cost of the shop's operations grows with its data."""
