"""The counts of the same requests by Prometheus, NGINX and the components."""
