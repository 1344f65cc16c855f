"""Set-up of faults in an API replica."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Flask

from app.faults import injection as fault_injection
from app.faults.burdens import Burdens
from faults.switchboard import Switchboard
from faults.watch import Faults
from faults.wiring import FaultSettings
from glasshouse_observability import Telemetry


def extension(faults: Faults, telemetry: Telemetry, env: Mapping[str, str] | None = None) -> Callable[[Flask], None]:
    """Add the fault endpoints and the faults to the application; ``FAULTS_AGENT=1`` means that a fault agent runs."""
    agent = FaultSettings.from_env(env).agent
    switchboard = Switchboard(faults.path, telemetry.registry, agent)
    faults.listen(switchboard.look)
    faults.listen(Burdens(faults, telemetry).look)

    def extend(app: Flask) -> None:
        fault_injection.install(app, faults, switchboard)

    return extend
