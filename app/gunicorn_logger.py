"""gunicorn's logger without its access log.

gunicorn takes any logging configuration as a request for an access log, and formats a line for each request that is
never written (docs/how-to/profiling.md states the cost). The request boundary in ``observability`` writes our own
access log.
"""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger


class NoAccessLog(Logger):  # type: ignore[misc]  # gunicorn is not typed
    """gunicorn's logger, whose other messages are logged as before."""

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        """Do nothing."""
