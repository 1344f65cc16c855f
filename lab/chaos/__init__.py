"""Orders while components are killed in turn; afterwards every ledger is audited."""
