"""Runs the library's tests with the package versions of several years and several Pythons: `make test-versions`."""
