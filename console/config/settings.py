"""Settings of the console's server, read once from the environment and checked before anything starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from console.config.addresses import Addresses
from console.config.public_addresses import PublicAddresses
from observability.settings import AnyPath, Folder, FromEnv, Host, Port, Reader, Text, Url, Whole, nested, setting


@dataclass(frozen=True)
class Settings(FromEnv):
    """Where the console listens and keeps things, how much it keeps (bytes, items), and where the other servers are."""

    host: str = setting("HOST", Host(), "127.0.0.1", "the address that it listens on")
    port: int = setting("PORT", Port(), 8080, "the port that it listens on")
    threads: int = setting("THREADS", Whole(2, 64), 16, "how many requests it serves at once")
    smtp_host: str = setting("SMTP_HOST", Host(), "127.0.0.1", "the address where it takes mail")
    smtp_port: int = setting("SMTP_PORT", Port(), 1025, "the port where it takes mail")
    state_dir: Path = setting(
        "CONSOLE_STATE_DIR", AnyPath(), Path(".glasshouse/data/console"), "the inbox, and the key that signs cookies"
    )
    runbooks_dir: Path = setting("CONSOLE_RUNBOOKS_DIR", AnyPath(), Path("alerts/runbooks"), "the runbooks")
    dashboards_dir: Path = setting(
        "CONSOLE_DASHBOARDS_DIR",
        AnyPath(),
        Path("grafana/dashboards"),
        "the folder of the dashboards, in the folder of `panels.json`",
    )
    drills_dir: Path | None = setting(
        "CONSOLE_DRILLS_DIR",
        AnyPath(),
        None,
        "where runs of drills are kept",
        default_shown="`drills` in the launcher's state directory",
    )
    drills_catalogue: Path | None = setting(
        "CONSOLE_DRILLS_CATALOGUE", Folder(), None, "the drills' declarations; if set, drills can be run from the page"
    )
    inbox_items: int = setting("CONSOLE_INBOX_ITEMS", Whole(1, 100_000), 10_000, "most items of each kind in the inbox")
    max_webhook: int = setting(
        "CONSOLE_MAX_WEBHOOK_BYTES", Whole(1024, 33_554_432), 1_048_576, "largest notification that is accepted (bytes)"
    )
    max_email: int = setting(
        "CONSOLE_MAX_EMAIL_BYTES", Whole(1024, 33_554_432), 1_048_576, "largest e-mail that is accepted (bytes)"
    )
    addresses: Addresses = nested(Addresses)
    public_addresses: PublicAddresses = nested(PublicAddresses)
    grafana_url: str = setting(
        "GRAFANA_URL", Url("http", "https", or_absent=True), "", "where Grafana is, if it runs here"
    )
    joining_file: Path | None = setting(
        "JOINING_FILE", AnyPath(), None, "the launcher's list of servers that are still being built"
    )
    version: str = setting("SERVICE_VERSION", Text(255), "0.0.0", "what is deployed")

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
        """How many live views there may be. Each holds a thread; half of the threads stay free for everything else."""
        return max(1, self.threads // 2)

    @property
    def public(self) -> Addresses:
        """The addresses for links."""
        return self.public_addresses.over(self.addresses)

    @property
    def grafana(self) -> str:
        """Where a browser finds Grafana; "" if it does not run here."""
        public = self.public_addresses.grafana
        return self.grafana_url if public is None else public

    def check(self, reader: Reader) -> None:
        """Web pages and mail cannot have the same port."""
        if (self.host, self.port) == (self.smtp_host, self.smtp_port):
            reader.refuse("SMTP_PORT", repr(str(self.smtp_port)), "another port than PORT")
