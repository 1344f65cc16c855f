"""Settings of the console's server, read once from the environment and checked before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from console.addresses import Addresses
from console.environ import number, text
from observability import WrongSetting


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the server needs to know; sizes in bytes."""

    host: str
    port: int
    smtp_host: str
    smtp_port: int
    state_dir: Path
    threads: int
    runbooks: Path
    inbox_items: int
    max_webhook: int
    max_email: int
    addresses: Addresses

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read and check the settings; raises ``WrongSetting`` for the first that is wrong."""
        settings = cls(
            host=text(environ, "HOST", "127.0.0.1"),
            port=number(environ, "PORT", 8080, 1, 65535),
            smtp_host=text(environ, "SMTP_HOST", "127.0.0.1"),
            smtp_port=number(environ, "SMTP_PORT", 1025, 1, 65535),
            state_dir=Path(text(environ, "CONSOLE_STATE_DIR", ".glasshouse/data/console")),
            threads=number(environ, "THREADS", 8, 2, 64),
            runbooks=Path(text(environ, "CONSOLE_RUNBOOKS_DIR", "alerts/runbooks")).absolute(),
            inbox_items=number(environ, "CONSOLE_INBOX_ITEMS", 10_000, 1, 100_000),
            max_webhook=number(environ, "CONSOLE_MAX_WEBHOOK_BYTES", 1_048_576, 1024, 33_554_432),
            max_email=number(environ, "CONSOLE_MAX_EMAIL_BYTES", 1_048_576, 1024, 33_554_432),
            addresses=Addresses.from_environ(environ),
        )
        if (settings.host, settings.port) == (settings.smtp_host, settings.smtp_port):
            raise WrongSetting("SMTP_PORT", str(settings.smtp_port), "another port than PORT")
        return settings
