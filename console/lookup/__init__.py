"""The page Requests: recent, slow and failed requests, and the path of one request through every service."""
