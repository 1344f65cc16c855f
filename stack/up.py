"""``up``: starts all available components immediately; missing ones are fetched or built and started when ready."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from stack import disk, gobuild, obtain, portcheck, render, stragglers
from stack.builds import Builds
from stack.components import PYTHON, Component, Table
from stack.errors import Misconfigured, StackError
from stack.instance import Instance, attach, begin, make_state_dir, write_record
from stack.inventory import all_components
from stack.joining import forecast, keep, note, sole_up
from stack.launch import Launch
from stack.modules import Module
from stack.programs import PROGRAMS
from stack.say import Say, clock
from stack.settings import Settings
from stack.supervisor import Supervisor
from stack.supervisorconf import program_of

STATE_MEGABYTES = 500


def up(settings: Settings, say: Say, components_of: Table = all_components) -> int:
    """Start the instance or its missing components. Returns 0 if all are running. Errors are printed or raised."""
    make_state_dir(settings.paths)
    disk.require(
        settings.paths.state, STATE_MEGABYTES, "a running stack", "free some space or set GLASSHOUSE_STATE_DIR"
    )
    with sole_up(settings.paths):
        instance = heal(settings, say)
        components = components_of(instance)
        require_ports(instance, components, say)
        found = obtain.locate_all({component.program for component in components if component.program in PROGRAMS})
        absent = absent_of(components, found)
        builds = begin_builds(instance, absent, say)
        launch = Launch(instance, say)
        try:
            found |= core_programs(components, found, say)
            render.static(instance)
            write_record(instance, [component.name for component in components])
            return bring_up(launch, components, found, builds, say)
        except KeyboardInterrupt:
            launch.stop_waiting()
            say.line("\nStopped waiting. Started components keep running: `make up` continues, `make down` stops them.")
            return 130
        finally:
            builds.stop()
            launch.pool.shutdown(wait=False, cancel_futures=True)


def absent_of(components: list[Component], found: Mapping[str, Path | None]) -> list[Component]:
    """Return the components whose program is missing, and those that start together with one of them."""
    missing = {component.name for component in components if program_of(component, found) is None}
    return [component for component in components if component.name in missing or component.joins_with in missing]


def begin_builds(instance: Instance, absent: list[Component], say: Say) -> Builds:
    """Start building missing programs, and maintain the file of components that have not started."""
    since = time.time()

    def on_begin(left: Sequence[Module]) -> None:
        joined = {path.stem for path in instance.paths.programs.glob("*.conf")}
        to_come = [component for component in absent if component.name not in joined]
        note(instance.paths, forecast(to_come, left, since, time.time()))

    left = obtain.to_build({component.program for component in absent} & PROGRAMS.keys())
    note(instance.paths, forecast(absent, left, since, since))
    return Builds(left, say, on_begin)


def bring_up(
    launch: Launch, components: list[Component], found: Mapping[str, Path | None], builds: Builds, say: Say
) -> int:
    """Start the available components, report when the core is up, and start the rest as their builds finish."""
    absent = absent_of(components, found)
    startable = [(one, path) for one in components if one not in absent and (path := program_of(one, found))]
    keep(launch.instance.paths, {component.name for component in absent})
    launch.start(startable)
    if errors := launch.wait_all(core_only=True):
        launch.stop_waiting()
        launch.supervisor.settle()
        return print_errors(errors, say)
    core_is_up(components, absent, builds.modules, say)
    for _ in builds.finished():
        absent = join_built(launch, absent, say)
    errors = [*builds.errors, *launch.wait_all()]
    launch.supervisor.settle()
    if errors:
        return print_errors(errors, say)
    gobuild.tidy()
    say.line(f"Everything is up: {len(components)} components after {clock(say.elapsed())}.")
    say.line("Follow an order: make follow     Inspect the stack: make status, make logs     Stop it: make down")
    return 0


def heal(settings: Settings, say: Say) -> Instance:
    """Return the instance to start, after stopping processes that a crash left without supervisord."""
    if Supervisor(settings.paths.socket).alive():
        return attach(settings)
    if left := stragglers.find(settings.paths.state):
        say.line(f"  stopping processes of a crashed instance: {', '.join(stragglers.end(left))}")
    return begin(settings)


def require_ports(instance: Instance, components: list[Component], say: Say) -> None:
    """Check that the ports of all components that are not running are free, including those that start later."""
    running = {name for name, info in Supervisor(instance.paths.socket).processes().items() if info["pid"]}
    wanted = {
        port: instance.ports[port]
        for component in components
        if component.name not in running
        for port in component.ports
    }
    portcheck.require_free(wanted, instance.ports.offset, say)


def core_programs(components: list[Component], found: Mapping[str, Path | None], say: Say) -> dict[str, Path | None]:
    """Fetch missing core programs before all others, and return their paths."""
    missing = {c.program for c in components if c.core and c.program != PYTHON and found.get(c.program) is None}
    if not missing & PROGRAMS.keys():
        return {}
    obtain.packaged(missing, say)
    return obtain.locate_all(missing)


def core_is_up(components: list[Component], absent: list[Component], left: Sequence[Module], say: Say) -> None:
    """Report that the shop is ready, its addresses, and the components that start later."""
    say.line(f"The core is up after {clock(say.elapsed())}:")
    for component in components:
        if component.note and component not in absent:
            say.line(f"    {component.url:<26} {component.note}")
    if to_come := [module for module in left if not module.built()]:
        minutes = sum(module.minutes for module in to_come)
        names = ", ".join(module.name for module in to_come)
        say.line(
            f"Still building (at most {minutes:g} more minutes, only once per machine): {names}. "
            "Each server starts when its build is finished. `make follow` does not need Alertmanager."
        )
        say.line("The shop is ready for use. Ctrl-C leaves the stack running; `make up` then continues the build.")


def join_built(launch: Launch, absent: list[Component], say: Say) -> list[Component]:
    """Start the components whose program is now available. Returns those that are still absent."""
    found = obtain.locate_all({component.program for component in absent if component.program in PROGRAMS})
    still = absent_of(absent, found)
    for component in absent:
        program = program_of(component, found)
        if component not in still and program:
            ports = launch.instance.ports
            portcheck.require_free({port: ports[port] for port in component.ports}, ports.offset, say)
            launch.join(component, program)
            say.line(f"  {component.name} starts")
    keep(launch.instance.paths, {component.name for component in still})
    return still


def print_errors(errors: list[StackError], say: Say) -> int:
    """Print each error. Returns the exit code of the first one."""
    for error in Misconfigured.merged(errors):
        say.line(f"glasshouse: {error}")
    return errors[0].exit_code
