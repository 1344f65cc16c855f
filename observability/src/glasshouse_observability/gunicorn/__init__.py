"""gunicorn hooks; see ``glasshouse_observability.gunicorn.hooks``."""

from glasshouse_observability.versions import require_extra

# An unsupported version may fail with an obscure error in the modules below.
require_extra("gunicorn")

from glasshouse_observability.gunicorn.hooks import child_exit, json_logs, post_fork, pre_fork, when_ready  # noqa: E402

__all__ = ["child_exit", "json_logs", "post_fork", "pre_fork", "when_ready"]
