"""A small process that maintains Prometheus' scrape targets and deletes old log files of the composed stack."""
