"""Headers of every response."""

from __future__ import annotations

from flask import Flask, Response, request

_SECURITY = {
    # Responses contain data only: browsers must not guess another type, frame them, or execute their content.
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    # A response may contain a customer's order: no cache may store it unless the view allows that.
    "Cache-Control": "no-store",
}
_BY_LOWER_NAME = {name.lower(): (name, value) for name, value in _SECURITY.items()}
_ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key, X-Request-ID, traceparent"


def install(app: Flask, origins: tuple[str, ...]) -> None:
    """Add security headers to every response, and CORS headers for ``origins`` only."""

    @app.after_request
    def add(response: Response) -> Response:
        # Not setdefault: it searches all headers for each call.
        given = {name.lower() for name, _ in response.headers}
        for lower_name, (name, value) in _BY_LOWER_NAME.items():
            if lower_name not in given:
                response.headers.add(name, value)
        origin = request.headers.get("Origin")
        if origins:
            response.vary.add("Origin")
        if origin in origins:
            response.headers["Access-Control-Allow-Origin"] = str(origin)
            response.headers["Access-Control-Expose-Headers"] = "X-Request-ID, X-Trace-ID, Location, Retry-After"
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            if request.method == "OPTIONS":
                response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "GET")
                response.headers["Access-Control-Allow-Headers"] = _ALLOWED_HEADERS
                response.headers["Access-Control-Max-Age"] = "600"
        return response
