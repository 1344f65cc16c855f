"""``make bench-scaling``: the growth of the cost of the shop's operations with the amount of data."""
