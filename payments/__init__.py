"""The payment provider: a separate service with its own ledger, reached only over HTTP."""
