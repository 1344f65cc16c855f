"""Go's text templates with Loki's functions, as far as ``line_format`` and ``label_format`` require them."""
