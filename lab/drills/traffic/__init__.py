"""The light load of a drill with exact counts, and the ledger audit after it."""
