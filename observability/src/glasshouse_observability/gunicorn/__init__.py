"""gunicorn hooks; see ``glasshouse_observability.gunicorn.hooks``."""

from glasshouse_observability.gunicorn.hooks import child_exit, json_logs, post_fork, pre_fork, when_ready

__all__ = ["child_exit", "json_logs", "post_fork", "pre_fork", "when_ready"]
