"""JMeter's set-up: the list of jars, their digests, and the assembly of a home folder."""

from __future__ import annotations

import hashlib
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from stack import apt, java, jmeter
from stack.errors import BuildFailed, ProgramMissing
from stack.jmeter import Jars
from stack.say import Say

NAMES = ("ApacheJMeter-1.0", "ApacheJMeter_core-1.0", "ApacheJMeter_config-1.0", "groovy-3.0.20")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with four jars, as Maven creates it."""
    folder = tmp_path / "jars"
    folder.mkdir()
    for name in NAMES:
        with zipfile.ZipFile(folder / f"{name}.jar", "w") as archive:
            archive.writestr("bin/jmeter.properties", name)
            archive.writestr("bin/jmeter.bat", name)
    return folder


@pytest.fixture
def jars(folder: Path) -> Jars:
    """Return the list of these jars."""
    return Jars({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()})


def test_the_list_has_every_jar_of_the_pom_and_no_other() -> None:
    """The list has every jar of the POM and no other, by file name, each with a SHA-256 digest.

    No dependency is left to resolve.
    """
    space = {"m": "http://maven.apache.org/POM/4.0.0"}
    dependencies = ElementTree.parse(jmeter.FOLDER / "pom.xml").findall(".//m:dependency", space)
    named = {
        f"{one.findtext('m:artifactId', '', space)}-{one.findtext('m:version', '', space)}.jar" for one in dependencies
    }
    listed = Jars.read()
    assert set(listed.digests) == named
    assert len(named) == len(dependencies)
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in listed.digests.values())
    for one in dependencies:
        assert one.findtext("m:exclusions/m:exclusion/m:artifactId", "", space) == "*"


def test_the_right_jars_are_accepted(folder: Path, jars: Jars) -> None:
    """Jars with the right digests are accepted, and the version is JMeter's own."""
    jars.verify(folder)
    assert jars.version == "1.0"


def test_a_changed_jar_is_refused(folder: Path, jars: Jars) -> None:
    """A changed jar is refused with its name and both digests."""
    (folder / "groovy-3.0.20.jar").write_bytes(b"something else")
    with pytest.raises(BuildFailed, match=r"groovy-3\.0\.20\.jar has the sha256 [0-9a-f]{64} instead of [0-9a-f]{64}"):
        jars.verify(folder)


def test_a_missing_and_an_additional_jar_are_refused(folder: Path, jars: Jars) -> None:
    """Missing and additional jars are refused, because JMeter would load jars that are not in the list."""
    (folder / "groovy-3.0.20.jar").rename(folder / "groovy-3.0.21.jar")
    with pytest.raises(BuildFailed, match=r"groovy-3\.0\.20\.jar is missing; groovy-3\.0\.21\.jar is not in the list"):
        jars.verify(folder)


def test_another_list_is_another_home(jars: Jars) -> None:
    """Another list uses another home folder, so that jars of an older list are not used for a newer one."""
    assert jars.home != Jars({**jars.digests, "groovy-3.0.20.jar": "0" * 64}).home


def test_a_home_is_laid_out_as_jmeter_looks_for_it(folder: Path, tmp_path: Path) -> None:
    """A home folder has the layout that JMeter expects.

    The program and its properties are in bin, JMeter's own jars in lib/ext and the other jars in lib.
    """
    home = tmp_path / "home"
    jmeter.assemble(folder, home)
    assert {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()} == {
        "bin/ApacheJMeter.jar",
        "bin/jmeter.properties",
        "lib/ext/ApacheJMeter_core-1.0.jar",
        "lib/groovy-3.0.20.jar",
    }
    assert (home / "bin" / "jmeter.properties").read_text() == "ApacheJMeter_config-1.0"
    assert (home / "lib" / "junit").is_dir()


@pytest.mark.parametrize(
    ("said", "accepted"),
    [
        ('openjdk version "17.0.15" 2025-04-15', True),
        ('openjdk version "21" 2023-09-19', True),
        ('java version "1.8.0_292"', False),
        ("no java here", False),
    ],
)
def test_a_java_is_taken_if_it_is_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, accepted: bool
) -> None:
    """A Java that is new enough is used; otherwise the package is installed.

    If the installed Java is too old as well, the error states what to do.
    """
    program = tmp_path / "java"
    program.write_text(f"#!/bin/sh\necho '{said}' >&2\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    installed: list[str] = []
    monkeypatch.setattr(apt, "install", lambda packages, _: installed.extend(packages))
    if accepted:
        assert java.java(Say()) == program
        assert installed == []
    else:
        with pytest.raises(ProgramMissing, match="java 11 or newer"):
            java.java(Say())
        assert installed == ["default-jre-headless"]
