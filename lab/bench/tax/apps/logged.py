"""One log line per request from Flask's hooks, for variants that leave request logging to the application."""

import logging
import time
from collections.abc import Callable

from flask import Flask, Response, g, request

_log = logging.getLogger("requests")


def log_requests(app: Flask, ids: Callable[[], dict[str, str]] = dict) -> None:
    """Log method, route, status and duration of each request, with the fields that ``ids`` returns."""

    @app.before_request
    def begin() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def log_response(response: Response) -> Response:
        fields = {
            "method": request.method,
            "route": request.url_rule.rule if request.url_rule else "",
            "status": response.status_code,
            "duration": time.perf_counter() - g.started,
            **ids(),
        }
        _log.info("%s %s", request.method, request.path, extra=fields)
        return response
