#!/usr/bin/python3
"""A stand-in for Grafana: its health endpoint, and its sign-in with the password of the first start, which is stored.

Like the image's entrypoint, it reads a setting from the file in GF_…__FILE.
"""

import base64
import json
import os
import sqlite3
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def first_password() -> str:
    """Return the admin's password from the database, or for a new database from the settings."""
    with closing(sqlite3.connect(os.path.join(os.environ["GF_PATHS_DATA"], "grafana.db"))) as database, database:
        database.execute("CREATE TABLE IF NOT EXISTS user (password TEXT)")
        if (row := database.execute("SELECT password FROM user").fetchone()) is None:
            with open(os.environ["GF_SECURITY_ADMIN_PASSWORD__FILE"]) as file:
                row = (file.read().strip(),)
            database.execute("INSERT INTO user VALUES (?)", row)
    return str(row[0])


class Handler(BaseHTTPRequestHandler):
    """Serves /api/health to all clients and everything else to the admin."""

    allowed = "Basic " + base64.b64encode(f"admin:{first_password()}".encode()).decode()

    def do_GET(self) -> None:
        """Respond with 200 and a small document, or with 401."""
        is_allowed = self.path == "/api/health" or self.headers.get("Authorization") == self.allowed
        body = json.dumps({"database": "ok"} if is_allowed else {"message": "Unauthorized"}).encode()
        self.send_response(200 if is_allowed else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Does nothing: Grafana does not log successful requests either."""


ThreadingHTTPServer(("", 3000), Handler).serve_forever()
