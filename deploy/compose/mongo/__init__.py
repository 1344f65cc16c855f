"""Replica set, users and lag metrics of the MongoDB that Compose runs."""
