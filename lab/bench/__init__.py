"""Benchmarks: the cost of features and the savings of optimisations."""
