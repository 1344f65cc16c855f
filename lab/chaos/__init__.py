"""Chaos runs: orders are sent while components are killed in turn, then every ledger is audited."""
