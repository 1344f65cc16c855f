"""Settings of the console's server, read once from the environment and validated before anything starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from console.config.addresses import Addresses
from console.config.public_addresses import PublicAddresses
from glasshouse_observability.settings import (
    AnyPath,
    Folder,
    FromEnv,
    Host,
    Port,
    Reader,
    Text,
    Url,
    Whole,
    nested,
    setting,
)


@dataclass(frozen=True)
class Settings(FromEnv):
    """The console's address and folders, the limits of its inbox (bytes, items), and the other servers' addresses."""

    host: str = setting("HOST", Host(), "127.0.0.1", "the address of the web server")
    port: int = setting("PORT", Port(), 8080, "the port of the web server")
    threads: int = setting("THREADS", Whole(2, 64), 16, "number of requests that the console serves concurrently")
    smtp_host: str = setting("SMTP_HOST", Host(), "127.0.0.1", "the address of the SMTP server")
    smtp_port: int = setting("SMTP_PORT", Port(), 1025, "the port of the SMTP server")
    state_dir: Path = setting(
        "CONSOLE_STATE_DIR",
        AnyPath(),
        Path(".glasshouse/data/console"),
        "folder of the inbox and of the key that signs cookies",
    )
    runbooks_dir: Path = setting("CONSOLE_RUNBOOKS_DIR", AnyPath(), Path("alerts/runbooks"), "folder of the runbooks")
    dashboards_dir: Path = setting(
        "CONSOLE_DASHBOARDS_DIR",
        AnyPath(),
        Path("grafana/dashboards"),
        "folder of the dashboards; its parent contains `panels.json`",
    )
    drills_dir: Path | None = setting(
        "CONSOLE_DRILLS_DIR",
        AnyPath(),
        None,
        "folder of the drill runs",
        default_shown="`drills` in the launcher's state directory",
    )
    drills_catalogue: Path | None = setting(
        "CONSOLE_DRILLS_CATALOGUE",
        Folder(),
        None,
        "folder of the drill definitions; if set, drills can be run from the page",
    )
    inbox_items: int = setting("CONSOLE_INBOX_ITEMS", Whole(1, 100_000), 10_000, "maximum number of items of each kind")
    max_webhook: int = setting(
        "CONSOLE_MAX_WEBHOOK_BYTES", Whole(1024, 33_554_432), 1_048_576, "maximum size of a notification (bytes)"
    )
    max_email: int = setting(
        "CONSOLE_MAX_EMAIL_BYTES", Whole(1024, 33_554_432), 1_048_576, "maximum size of an e-mail (bytes)"
    )
    addresses: Addresses = nested(Addresses)
    public_addresses: PublicAddresses = nested(PublicAddresses)
    grafana_url: str = setting(
        "GRAFANA_URL", Url("http", "https", or_absent=True), "", "Grafana's address, if it is part of the installation"
    )
    joining_file: Path | None = setting(
        "JOINING_FILE", AnyPath(), None, "the launcher's list of servers that are still being built"
    )
    version: str = setting("OBSERVABILITY_VERSION", Text(255), "0.0.0", "the deployed version")

    @property
    def runbooks(self) -> Path:
        """The folder of the runbooks."""
        return self.runbooks_dir.absolute()

    @property
    def dashboards(self) -> Path:
        """The folder of the dashboards."""
        return self.dashboards_dir.absolute()

    @property
    def drills(self) -> Path:
        """The folder of the drills' runs; the launcher has <state>/data/console and <state>/drills."""
        return (self.drills_dir or self.state_dir.parent.parent / "drills").absolute()

    @property
    def streams(self) -> int:
        """The maximum number of live views. Each occupies a thread; half of the threads remain for other requests."""
        return max(1, self.threads // 2)

    @property
    def public(self) -> Addresses:
        """The addresses for links."""
        return self.public_addresses.over(self.addresses)

    @property
    def grafana(self) -> str:
        """Grafana's address for a browser; "" if Grafana is not part of this installation."""
        public = self.public_addresses.grafana
        return self.grafana_url if public is None else public

    def check(self, reader: Reader) -> None:
        """Reject the same port for web pages and mail."""
        if (self.host, self.port) == (self.smtp_host, self.smtp_port):
            reader.refuse("SMTP_PORT", repr(str(self.smtp_port)), "a port other than PORT")
