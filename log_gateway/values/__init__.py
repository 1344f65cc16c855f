"""Values as Go reads them: literals, numbers with units, regular expressions."""
