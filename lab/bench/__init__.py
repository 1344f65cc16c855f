"""Benchmarks: the cost of features and the savings by optimisations."""
