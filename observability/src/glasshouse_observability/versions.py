"""The supported versions of the packages that the integrations use."""

from __future__ import annotations

import re
from importlib import metadata

SUPPORTED = {
    "flask": (("flask", "2.3", "4"), ("werkzeug", "2.3", "4"), ("prometheus-flask-exporter", "0.22", "1")),
    "rq": (("rq", "1.15", "4"), ("redis", "4.6", "9")),
    "mongo": (("pymongo", "4.3", "5"),),
    "redis": (("redis", "4.6", "9"),),
    "requests": (("requests", "2.28", "3"),),
    "gunicorn": (("gunicorn", "20.1", "28"),),
}
"""For each extra: the distributions that its integration needs, the oldest version, and the first that is too new."""


class UnsupportedVersion(RuntimeError):
    """A package that an integration needs is not installed, or its version is not supported."""


def require_extra(extra: str) -> None:
    """Check the packages of an extra. Its integration does so before it imports them.

    Raises:
        UnsupportedVersion: a package is not installed, too old or too new; see ``require``.
    """
    for distribution, at_least, below in SUPPORTED[extra]:
        require(distribution, at_least, below, extra)


def require(distribution: str, at_least: str, below: str, extra: str) -> str:
    """Return the installed version of ``distribution``, which the extra ``extra`` installs.

    Raises:
        UnsupportedVersion: it is not installed, is older than ``at_least``, or is not older than ``below``. The message
            has the installed version, the supported range and the command that installs a supported version.
    """
    wanted = f"{distribution}>={at_least},<{below}"
    try:
        installed = metadata.version(distribution)
    except metadata.PackageNotFoundError:
        raise UnsupportedVersion(
            f"{distribution} is not installed: run pip install 'glasshouse-observability[{extra}]', "
            f"which installs {wanted}"
        ) from None
    if not numbers(at_least) <= numbers(installed) < numbers(below):
        raise UnsupportedVersion(
            f"{distribution} {installed} is installed, but glasshouse-observability supports {distribution} from "
            f"{at_least} up to, but not including, {below}: run pip install '{wanted}'"
        )
    return installed


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of the version's release part: ``2.0.1rc1`` is ``(2, 0, 1)``. Trailing zeros are omitted."""
    found = re.match(r"(?:\d+!)?(\d+(?:\.\d+)*)", version)
    parts = [int(part) for part in found[1].split(".")] if found else []
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)
