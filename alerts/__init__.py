"""Service level objectives and the generator of their rules. Rules, routing, runbooks and tests are data files."""
