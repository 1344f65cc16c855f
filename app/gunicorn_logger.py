"""gunicorn's logger without its access log.

gunicorn counts any logging configuration as a wish for an access log, and formats a line for each request that is
never written (docs/how-to/profiling.md has what that costs). The request boundary in ``observability`` writes our own.
"""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger


class NoAccessLog(Logger):  # type: ignore[misc]  # gunicorn is not typed
    """Everything else is logged as before."""

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        """Do nothing."""
