"""The fault agent: injects and clears the faults that a process cannot inject into itself."""
