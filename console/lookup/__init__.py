"""The page Requests: recent, slow and failed ones, and one of them followed through every service."""
