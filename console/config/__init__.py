"""The console's settings, and the addresses of the servers that it asks and of those that a browser can open."""
