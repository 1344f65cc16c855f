"""Service level objectives, and the generator of their rules; rules, routing, runbooks and tests are data beside it."""
