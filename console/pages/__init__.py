"""The HTML pages: their frames and navigation, the inbox page and the runbooks. Scripts fill them from ``/api/…``."""
