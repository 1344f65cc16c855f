"""Settings of the console's server, read once from the environment and checked before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from console.config.addresses import Addresses
from console.config.environ import number, text
from console.config.public import grafana_address, public_addresses
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
    public: Addresses
    grafana: str
    dashboards: Path
    drills: Path
    drills_catalogue: Path | None
    streams: int
    joining_file: Path | None = None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read and check the settings; raises ``WrongSetting`` for the first that is wrong."""
        addresses = Addresses.from_environ(environ)
        state_dir = Path(text(environ, "CONSOLE_STATE_DIR", ".glasshouse/data/console"))
        threads = number(environ, "THREADS", 16, 2, 64)
        settings = cls(
            host=text(environ, "HOST", "127.0.0.1"),
            port=number(environ, "PORT", 8080, 1, 65535),
            smtp_host=text(environ, "SMTP_HOST", "127.0.0.1"),
            smtp_port=number(environ, "SMTP_PORT", 1025, 1, 65535),
            state_dir=state_dir,
            threads=threads,
            runbooks=Path(text(environ, "CONSOLE_RUNBOOKS_DIR", "alerts/runbooks")).absolute(),
            inbox_items=number(environ, "CONSOLE_INBOX_ITEMS", 10_000, 1, 100_000),
            max_webhook=number(environ, "CONSOLE_MAX_WEBHOOK_BYTES", 1_048_576, 1024, 33_554_432),
            max_email=number(environ, "CONSOLE_MAX_EMAIL_BYTES", 1_048_576, 1024, 33_554_432),
            addresses=addresses,
            public=public_addresses(environ, addresses),
            grafana=grafana_address(environ),
            dashboards=Path(text(environ, "CONSOLE_DASHBOARDS_DIR", "grafana/dashboards")).absolute(),
            # As the launcher lays out an instance: <state>/data/console and <state>/drills.
            drills=Path(text(environ, "CONSOLE_DRILLS_DIR", str(state_dir.parent.parent / "drills"))).absolute(),
            # Only set where the drills and the launcher are at hand: then drills can be run from the page.
            drills_catalogue=_directory(environ, "CONSOLE_DRILLS_CATALOGUE"),
            # Live views hold a thread each; half of the threads are always there for everything else.
            streams=max(1, threads // 2),
            # Only set if a launcher may still be building servers.
            joining_file=Path(given) if (given := text(environ, "JOINING_FILE", "")) else None,
        )
        if (settings.host, settings.port) == (settings.smtp_host, settings.smtp_port):
            raise WrongSetting("SMTP_PORT", str(settings.smtp_port), "another port than PORT")
        return settings


def _directory(environ: Mapping[str, str], name: str) -> Path | None:
    given = text(environ, name, "")
    if not given:
        return None
    if not Path(given).is_dir():
        raise WrongSetting(name, given, "a directory, or empty")
    return Path(given).absolute()
