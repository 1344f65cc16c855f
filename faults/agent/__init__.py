"""The fault agent: does to servers what no flag in our own code can, and undoes it."""
