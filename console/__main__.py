"""``python -m console``: the web page, the alert webhook and the SMTP server."""

from __future__ import annotations

import sys

from console.config.settings import Settings
from console.inbox.smtp import listen
from console.server import ConsoleServer
from console.web import packaged
from glasshouse_observability.settings import TelemetrySettings
from glasshouse_observability.startup import starting


def main() -> int:
    """Serve until SIGTERM. Return 1 if a package is missing or the SMTP port is in use.

    A wrong setting exits with 78.
    """
    with starting("console") as reader:
        settings, telemetry = reader.settings(Settings), reader.settings(TelemetrySettings)
    try:
        packaged.located()
    except packaged.PackageMissing as error:
        print(f"console: {error}", file=sys.stderr)
        return 1
    try:
        smtp_listener = listen(settings.smtp_host, settings.smtp_port)
    except OSError as error:
        where, why = f"{settings.smtp_host}:{settings.smtp_port}", (error.strerror or str(error)).split(" (")[0]
        print(f"console: cannot listen for e-mail on {where} ({why}): free it or set SMTP_PORT", file=sys.stderr)
        return 1
    ConsoleServer(settings, telemetry, smtp_listener).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
