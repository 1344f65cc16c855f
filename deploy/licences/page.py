"""The page ``docs/reference/licences.md``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from deploy.licences import parts
from deploy.licences.known import NETWORK_COPYLEFT, NOT_OPEN_SOURCE, Known

_INTRO = Path(__file__).with_name("intro.md")
_TABLE = "<!-- table -->\n"
_KINDS = {
    "run": "the shop, the console and the launcher",
    "dev": "tests and checks",
    "load": "`make load` and `make profile`",
    "peers": "`make bench`, which compares with them",
}


def page(known: Known) -> str:
    """Return the whole page."""
    wheels, go, images, npm = parts.wheel_programs(), parts.go(), parts.images(), parts.npm()
    blocks = [
        _INTRO.read_text().replace(_TABLE, _warnings(known)),
        "## Servers and tools built from Go modules\n\n"
        "Built by `stack/modules` on the machine that uses them; no binaries are distributed. The last column counts "
        "the modules that the recipe's `go.mod` requires, by the licence in their LICENSE files.\n\n"
        + _table(
            ("program", "version", "licence", "modules by licence"),
            ((name, version, known.go[name], _counts(known.linked.get(name, {}))) for name, version in go.items()),
        ),
        "## Programs in Python wheels\n\n"
        + _table(
            ("program", "version", "licence"), ((name, version, known.wheels[name]) for name, version in wheels.items())
        ),
        "## Debian packages\n\nInstalled if missing, in the version that the system provides.\n\n"
        + _table(("package", "licence"), ((name, known.debian[name]) for name in parts.debian())),
        "## Container images\n\nPulled unmodified by Docker Compose; none is built or changed here.\n\n"
        + _table(
            ("image", "version", "licence"), ((name, version, known.images[name]) for name, version in images.items())
        ),
        "## Files of other projects inside Python packages\n\n"
        "uPlot draws the console's charts; in tests, axe-core checks the pages and the schema of the Compose "
        "Specification checks docker-compose.yml. No copy of them is in the repository: each is a file in a Python "
        "package, which has its own licence.\n\n"
        + _table(("project", "licence", "in package", "version of the package"), _packaged(known)),
        "## npm packages\n\nGrafana's grammar of LogQL, which a test installs to check every query.\n\n"
        + _table(("package", "version", "licence"), ((name, version, said) for name, (version, said) in npm.items())),
        "## Java: Apache JMeter\n\nFetched from Maven Central by `make load-jmeter`.\n\n"
        + _table(
            ("jar", "version", "licence"), ((name, version, known.jars[name]) for name, version in parts.jars().items())
        ),
        _python(known),
    ]
    return "\n".join(blocks)


def _packaged(known: Known) -> list[tuple[str, str, str, str]]:
    locked = parts.python("run") | parts.python("dev")
    return [(name, known.packaged[name], package, locked[package]) for name, package in parts.PACKAGED.items()]


def _warnings(known: Known) -> str:
    licences = {
        **{f"the image `{name}`": known.images[name] for name in parts.images()},
        **{f"`{name}` (wheel)": known.wheels[name] for name in parts.wheel_programs()},
        **{f"`{name}` (built)": known.go[name] for name in parts.go()},
        **{f"`{name}` (Python)": known.python[name] for lock in parts.LOCKS for name in parts.python(lock)},
    }
    rows = [one for one in sorted(licences.items()) if _mentions(one[1], NOT_OPEN_SOURCE + NETWORK_COPYLEFT)]
    return _table(("part", "licence"), rows)


def _mentions(said: str, licences: Iterable[str]) -> bool:
    return any(one in said for one in licences)


def _python(known: Known) -> str:
    users: dict[tuple[str, str], list[str]] = {}
    for lock in parts.LOCKS:
        for name, version in parts.python(lock).items():
            users.setdefault((name, version), []).append(lock)
    counts = Counter(known.python[name] for name, _ in users)
    kinds = "; ".join(f"`{lock}`: {what}" for lock, what in _KINDS.items())
    rows = ((name, version, known.python[name], ", ".join(locks)) for (name, version), locks in sorted(users.items()))
    return (
        f"## Python packages\n\nLocked in `requirements/`, installed from the package index. {kinds}. By licence: "
        f"{_counts(counts)}.\n\n" + _table(("package", "version", "licence", "for"), rows)
    )


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(
        f"{licence} {count}" for licence, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
