"""The same requests as Prometheus, the front door and the components counted them."""
