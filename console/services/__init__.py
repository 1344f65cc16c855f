"""The page API: what each service is for, whether it is up, its HTTP interface."""
