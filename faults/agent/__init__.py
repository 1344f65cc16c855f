"""The fault agent: injects the faults that a process cannot inject into itself, and clears them."""
