"""The same requests as others saw them: Prometheus, and the components that had to work for them."""
