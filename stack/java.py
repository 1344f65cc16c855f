"""Java and Maven, for programs distributed as jars: from the PATH, otherwise from Debian's packages."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from stack import apt
from stack.errors import ProgramMissing
from stack.say import Say

# Java 8 reports version 1.8; a new major release reports 21, without a dot.
_JAVA = re.compile(r'version "(?:1\.)?(\d+)')
_MAVEN = re.compile(r"Apache Maven (\d+)")
OLDEST_JAVA, OLDEST_MAVEN = 11, 3
JAVA_PACKAGE, MAVEN_PACKAGE = "default-jre-headless", "maven"


def java(say: Say) -> Path:
    """Return the path of Java 11 or newer. Raises ProgramMissing."""
    return _found("java", "-version", _JAVA, OLDEST_JAVA, JAVA_PACKAGE, say)


def maven(say: Say) -> Path:
    """Return the path of Maven 3 or newer. Raises ProgramMissing."""
    return _found("mvn", "--version", _MAVEN, OLDEST_MAVEN, MAVEN_PACKAGE, say)


def _found(name: str, ask: str, pattern: re.Pattern[str], oldest: int, package: str, say: Say) -> Path:
    if found := _new_enough(name, ask, pattern, oldest):
        return found
    apt.install([package], say)
    if found := _new_enough(name, ask, pattern, oldest):
        return found
    raise ProgramMissing(
        f"{name} {oldest} or newer is required, but this system's package {package} is older: install a newer "
        "version so that it comes first on the PATH, then try again."
    )


def _new_enough(name: str, ask: str, pattern: re.Pattern[str], oldest: int) -> Path | None:
    path = shutil.which(name)
    if path is None:
        return None
    done = subprocess.run([path, ask], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    # Maven prints its name in colour even without a terminal.
    found = pattern.search(re.sub(r"\x1b\[[0-9;]*m", "", done.stdout))
    return Path(path) if done.returncode == 0 and found and int(found[1]) >= oldest else None
