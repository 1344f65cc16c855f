"""Everything that breaks, loads and measures the stack, from outside."""
