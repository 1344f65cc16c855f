"""gunicorn's logger without its access log.

gunicorn counts any logging configuration as a wish for an access log, and puts one together for each request, which
nobody writes (docs/profiling.md has what that costs). Ours is the request boundary's, in ``observability``.
"""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger


class NoAccessLog(Logger):  # type: ignore[misc]  # gunicorn is not typed
    """Everything else is logged as ever."""

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        """Do nothing."""
