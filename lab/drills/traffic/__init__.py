"""The light load of a drill, counted exactly, and the ledger audit after it."""
