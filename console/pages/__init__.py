"""The HTML pages: frames and navigation, the inbox page and the runbooks. Scripts fill in data from ``/api/…``."""
