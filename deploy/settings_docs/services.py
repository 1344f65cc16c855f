"""Every service and command that reads settings, and its settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.settings import ApiSettings
from console.config.settings import Settings as ConsoleSettings
from console.follow.__main__ import FollowSettings
from deploy.compose.mongo.settings import PASSWORDS
from deploy.compose.passwords import catalogue
from deploy.compose.target_discovery.__main__ import DiscoverySettings
from faults.__main__ import AdminSettings
from faults.agent.__main__ import AgentSettings
from faults.wiring import FaultSettings
from glasshouse_observability.gunicorn.hooks import SHARED_FOLDER
from glasshouse_observability.settings import Declared, Reader, TelemetrySettings
from lab.bench import addresses
from lab.load.address import LoadSettings
from lab.trickle.settings import Settings as TrickleSettings
from log_gateway.settings import GatewaySettings
from payments.settings import PaymentSettings
from shop.config import Settings as ShopSettings
from stack import settings as launcher
from workers.sweeper import SweeperSettings


def _classes(*classes: Any) -> Callable[[Reader], None]:
    def read(reader: Reader) -> None:
        for cls in classes:
            reader.settings(cls)

    return read


def _variables(*declared: Declared[Any]) -> Callable[[Reader], None]:
    def read(reader: Reader) -> None:
        for one in declared:
            reader.value(one)

    return read


def _mongo_lag(reader: Reader) -> None:
    reader.settings(TelemetrySettings)
    reader.value(PASSWORDS["monitor"])


def _launcher(reader: Reader) -> None:
    launcher.read_with(reader)


def _replica(reader: Reader) -> None:
    reader.settings(TelemetrySettings)
    reader.value(SHARED_FOLDER)


@dataclass(frozen=True)
class Service:
    """``name`` is the default of ``OTEL_SERVICE_NAME``; "" for a command line. ``read`` reads all its settings."""

    title: str
    name: str
    read: Callable[[Reader], None]

    def declared(self) -> dict[str, Declared[Any]]:
        """Its variables by name, in declaration order."""
        reader = Reader({}, OTEL_SERVICE_NAME=self.name)
        self.read(reader)
        return reader.asked


TELEMETRY = Service("Every service that logs JSON", "service", _classes(TelemetrySettings))
SERVICES = (
    Service("API", "api", _classes(ApiSettings, TelemetrySettings, ShopSettings, FaultSettings)),
    Service("Worker", "worker", _classes(ShopSettings, TelemetrySettings, FaultSettings)),
    Service("Sweeper", "sweeper", _classes(ShopSettings, SweeperSettings, TelemetrySettings)),
    Service("Payments", "payments", _classes(PaymentSettings, TelemetrySettings, FaultSettings)),
    Service("Console", "console", _classes(ConsoleSettings, TelemetrySettings)),
    Service("Log gateway", "log-gateway", _classes(GatewaySettings, TelemetrySettings)),
    Service("Generated traffic", "traffic", _classes(TrickleSettings, TelemetrySettings)),
    Service("Fault agent", "", _classes(AgentSettings)),
    Service("gunicorn with several workers (library)", "replica", _replica),
    Service("Compose: target discovery", "target-discovery", _classes(TelemetrySettings, DiscoverySettings)),
    Service("Compose: replication lag", "mongo-lag", _mongo_lag),
    Service("Compose: passwords", "", _variables(*(one.declared for one in catalogue.ALL))),
    Service("Compose: preparing MongoDB", "", _variables(*PASSWORDS.values())),
    Service("Launcher (`make up`, `status`, `logs`, …)", "", _launcher),
    Service("`make fault`", "", _classes(AdminSettings)),
    Service("`make follow`", "", _classes(FollowSettings)),
    Service("Drills", "", _variables(launcher.STATE_DIR)),
    Service("Load test", "", _classes(LoadSettings)),
    Service("Benches", "", _variables(*addresses.ALL)),
)
