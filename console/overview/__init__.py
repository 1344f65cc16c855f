"""The first page: the shop's health, calls between services, firing alerts, and the remaining error budget."""
