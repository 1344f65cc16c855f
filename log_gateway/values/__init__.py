"""Values with Go's syntax: literals, numbers with units, regular expressions."""
