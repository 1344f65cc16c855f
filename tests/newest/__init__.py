"""Runs the unit and integration tests with newer versions of the packages than the locked ones: `make test-newest`."""
