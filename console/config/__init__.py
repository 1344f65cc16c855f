"""The console's settings and the addresses of the servers it reads."""
