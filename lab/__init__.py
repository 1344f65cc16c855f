"""Tools that inject faults into the stack, put it under load and measure it, from outside."""
