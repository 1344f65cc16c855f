"""The console's settings, the addresses of the servers that it queries, and the addresses that a browser can open."""
