"""The first page: is the shop healthy, which service calls which, which alerts fire, how much error budget is left."""
