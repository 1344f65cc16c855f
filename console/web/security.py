"""The security headers of every response."""

from __future__ import annotations

from flask import Flask, Response

# Scripts and styles from this server's files only; nothing inline, nothing from elsewhere, no framing.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


def add_headers(app: Flask) -> None:
    """Send the headers that prevent framing, content sniffing, and scripts in displayed content."""

    @app.after_request
    def add_to(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", _POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        if not response.cache_control:
            response.cache_control.no_store = True
        return response
