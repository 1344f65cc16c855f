"""`up`: everything that is there is started at once; what is missing is fetched or built and joins."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from . import disk, gobuild, obtain, portcheck, render, stragglers
from .components import PYTHON, Component, Table, table
from .errors import DiskFull, Misconfigured, NoNetwork, ProgramError, StackError
from .instance import Instance, attach, begin, make_state_dir, write_record
from .joining import note, sole_up
from .launch import Launch
from .modules import Module
from .programs import PROGRAMS, locate
from .say import Say, clock
from .settings import Settings
from .supervisor import Supervisor
from .supervisorconf import program_of

STATE_MEGABYTES = 500


def up(settings: Settings, say: Say, components_of: Table = table) -> int:
    """Bring the instance up, or what is missing of it; 0 when everything runs. Ends with errors told, or raised."""
    make_state_dir(settings.paths)
    disk.require(
        settings.paths.state, STATE_MEGABYTES, "a running stack", "free some space or set GLASSHOUSE_STATE_DIR"
    )
    with sole_up(settings.paths):
        instance = heal(settings, say)
        components = components_of(instance)
        require_ports(instance, components, say)
        found = core_programs(components, say)
        render.static(instance)
        write_record(instance, [component.name for component in components])
        launch = Launch(instance, say)
        try:
            return bring_up(launch, components, found, say)
        except KeyboardInterrupt:
            launch.stop_waiting()
            say.line("\nStopped waiting. What has been started goes on: `make up` continues, `make down` ends it.")
            return 130
        finally:
            launch.pool.shutdown(wait=False, cancel_futures=True)


def bring_up(launch: Launch, components: list[Component], found: Mapping[str, Path | None], say: Say) -> int:
    """Start what is there, tell when the core is up, then build and join the rest."""
    startable = [(component, path) for component in components if (path := program_of(component, found))]
    absent = [component for component in components if program_of(component, found) is None]
    note(launch.instance.paths, [component.name for component in absent])
    launch.start(startable)
    if errors := launch.wait_all(core_only=True):
        launch.stop_waiting()
        launch.supervisor.settle()
        return tell(errors, say)
    core_is_up(components, absent, say)
    errors = build_and_join(launch, absent, say) if absent else []
    errors += launch.wait_all()
    launch.supervisor.settle()
    if errors:
        return tell(errors, say)
    gobuild.tidy()
    say.line(f"Everything is up: {len(components)} components after {clock(say.elapsed())}.")
    say.line("Follow one order through it:  make follow     See it:  make status, make logs     End it:  make down")
    return 0


def heal(settings: Settings, say: Say) -> Instance:
    """The instance to bring up. What a crash has left running without its supervisor is ended first."""
    if Supervisor(settings.paths.socket).alive():
        return attach(settings)
    if left := stragglers.find(settings.paths.state):
        say.line(f"  ending what a crashed instance has left: {', '.join(stragglers.end(left))}")
    return begin(settings)


def require_ports(instance: Instance, components: list[Component], say: Say) -> None:
    """Every port of what does not run yet is free: also of those that join later, better said now than then."""
    running = {name for name, info in Supervisor(instance.paths.socket).processes().items() if info["pid"]}
    wanted = {
        port: instance.ports[port]
        for component in components
        if component.name not in running
        for port in component.ports
    }
    portcheck.require_free(wanted, instance.ports.offset, say)


def core_programs(components: list[Component], say: Say) -> dict[str, Path | None]:
    """Where each program is; those of the core are fetched first when they are missing."""
    found = obtain.locate_all({component.program for component in components if component.program in PROGRAMS})
    missing = {c.program for c in components if c.core and c.program != PYTHON and found.get(c.program) is None}
    if missing & PROGRAMS.keys():
        obtain.packaged(missing, say)
        found |= obtain.locate_all(missing)
    return found


def core_is_up(components: list[Component], absent: list[Component], say: Say) -> None:
    """Tell that the shop can be used, where, and what is still to come."""
    say.line(f"The core is up after {clock(say.elapsed())}:")
    for component in components:
        if component.note and component not in absent:
            say.line(f"    {component.url:<26} {component.note}")
    modules = obtain.to_build({component.program for component in absent})
    if modules:
        minutes = sum(module.minutes for module in modules)
        names = ", ".join(module.name for module in modules)
        say.line(
            f"Still to be built, about {minutes:g} minutes, once per machine: {names}. Each joins when it is ready."
        )
        say.line("The shop can be used meanwhile. Ctrl-C leaves it running; `make up` goes on where this stopped.")


def build_and_join(launch: Launch, absent: list[Component], say: Say) -> list[StackError]:
    """Build one module after the other and let its component join at once; the errors of those that failed."""
    errors: list[StackError] = []
    waiting = {component.program: component for component in absent}
    for module in obtain.to_build(waiting):
        try:
            gobuild.build(module, say)
        except ProgramError as error:
            errors.append(error)
            if isinstance(error, NoNetwork):
                break
            continue
        except DiskFull as error:
            errors.append(error)
            break
        join_built(launch, module, waiting, say)
    return errors


def join_built(launch: Launch, module: Module, waiting: dict[str, Component], say: Say) -> None:
    """Let the components join whose program has been built."""
    for _, output in module.builds:
        component = waiting.pop(output, None)
        program = locate(PROGRAMS[output])
        if component and program:
            ports = launch.instance.ports
            portcheck.require_free({port: ports[port] for port in component.ports}, ports.offset, say)
            launch.join(component, program)
            say.line(f"  {component.name} joins")
    note(launch.instance.paths, [component.name for component in waiting.values()])


def tell(errors: list[StackError], say: Say) -> int:
    """Say each error; the exit code of the first."""
    for error in Misconfigured.merged(errors):
        say.line(f"glasshouse: {error}")
    return errors[0].exit_code
