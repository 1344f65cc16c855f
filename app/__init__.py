"""The HTTP API: translates HTTP to and from the shop, and nothing else."""
