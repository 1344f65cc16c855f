"""The page API: the purpose of each service, whether it is up, and its HTTP interface."""
