"""A Grafana dashboard in the classic JSON model, which Grafana 11 to 13 import."""
