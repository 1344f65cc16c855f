"""A run from the outside: the instance made quiet, the generator started, watched and ended."""
