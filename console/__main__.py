"""``python -m console``: the web page, the alert webhook and the SMTP server."""

from __future__ import annotations

import os
import sys

from console.config.settings import Settings
from console.inbox.smtp import listen
from console.server import ConsoleServer
from observability import TelemetrySettings, WrongSetting
from observability.settings import MISCONFIGURED


def main() -> int:
    """Serve until told to stop; 78 for a wrong setting, 1 for a port that cannot be had."""
    try:
        settings = Settings.from_environ(os.environ)
        telemetry = TelemetrySettings.from_env(os.environ, service="console")
    except WrongSetting as error:
        print(f"console: {error}", file=sys.stderr)
        return MISCONFIGURED
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
