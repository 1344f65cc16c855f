"""``python -m deploy.compose.target_discovery``: run until SIGTERM."""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from deploy.compose.target_discovery import logfiles, targets
from glasshouse_observability.logs.config import configure_logging
from glasshouse_observability.settings import REQUIRED, Folder, FromEnv, TelemetrySettings, setting
from glasshouse_observability.startup import starting

SERVICES = Path(__file__).parent / "services.json"
PERIOD_SECONDS = 2.0
TIDY_SECONDS = 60.0

log = logging.getLogger("target-discovery")


@dataclass(frozen=True)
class DiscoverySettings(FromEnv):
    """The folders of the scrape targets and of the log files."""

    targets: Path = setting("TARGETS_DIR", Folder(), REQUIRED, "folder to which Prometheus' scrape targets are written")
    logs: Path = setting("LOG_DIR", Folder(), REQUIRED, "the folder of the log files")


def run(folder: Path, logs: Path, stop: threading.Event) -> None:
    """Maintain both until stopped. An error such as a full disk is logged and the step is retried."""
    known = targets.Targets(targets.services(SERVICES.read_text()))
    tidied = -TIDY_SECONDS
    while True:
        try:
            groups = known.groups(time.monotonic())
            if targets.write(folder / "services.json", groups):
                log.info("%d scrape targets", len(groups), extra={"event": "target_discovery.targets"})
            (folder / ".alive").touch()
            if time.monotonic() - tidied > TIDY_SECONDS:
                tidied = time.monotonic()
                for path in logfiles.tidy(logs, time.time()):
                    log.info("deleted %s", path.name, extra={"event": "target_discovery.deleted"})
        except OSError as error:
            log.error("%s", error)
        if stop.wait(PERIOD_SECONDS):
            return


def main() -> int:
    """Run until SIGTERM. With an invalid setting, exit with 78."""
    with starting("target-discovery") as reader:
        settings, own = reader.settings(TelemetrySettings), reader.settings(DiscoverySettings)
    configure_logging(settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run(own.targets, own.logs, stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
