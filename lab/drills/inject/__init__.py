"""Fault injection. Every fault is cleared: by the runner, by a guard if the runner is killed, or by its expiry."""
