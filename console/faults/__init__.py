"""The page Faults: faults that can be switched on, and drills."""
