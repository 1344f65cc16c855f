"""Fault injection. Every fault is cleared: by the runner, by a guard if the runner dies, or by its own expiry."""
