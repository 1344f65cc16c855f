"""A small process that keeps the composed stack in order: what Prometheus scrapes, and which log files are kept."""
