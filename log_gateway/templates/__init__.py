"""Go's text templates with Loki's functions, to the extent that ``line_format`` and ``label_format`` need them."""
