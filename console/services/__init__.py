"""The catalogue of services: what each is for, whether it is up, its interface."""
