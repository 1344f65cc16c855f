"""The payment provider: a service of its own, with its own ledger, spoken to over HTTP only."""
