"""The HTTP API: translates between HTTP and the shop's use cases, and contains no business logic."""
