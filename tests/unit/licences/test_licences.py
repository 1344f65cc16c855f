"""The list of licences is complete, and a new part without a licence is reported."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

import pytest

from deploy.licences import parts
from deploy.licences.known import Known, problems
from deploy.licences.metadata import licence
from deploy.licences.page import page

BSD = "Redistributions in binary form must reproduce the above copyright notice."


def installed(folder: Path, name: str, *lines: str, text: str = "") -> Distribution:
    """Return an installed package with this metadata."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    head = (f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\n", *(f"{line}\n" for line in lines))
    (info / "METADATA").write_text("".join(head))
    (info / "LICENSE").write_text(text)
    (info / "RECORD").write_text(f"{info.name}/LICENSE,,\n")
    return PathDistribution(info)


@pytest.mark.parametrize(
    ("lines", "text", "expression"),
    [
        (["License-Expression: MIT OR Apache-2.0", "License: other"], "", "MIT OR Apache-2.0"),
        (["License: Apache License 2.0"], "", "Apache-2.0"),
        (["Classifier: License :: OSI Approved", "Classifier: License :: OSI Approved :: MIT License"], "", "MIT"),
        (["License: BSD"], f"{BSD} Neither the name of the project may be used", "BSD-3-Clause"),
        (["License: BSD"], BSD, "BSD-2-Clause"),
        (["License: BSD"], "", ""),
        (["License: BSD-derived (see the file)"], f"{BSD} Neither the name", ""),
        (["License: GPL-3.0"], "", ""),
        ([], "", ""),
    ],
)
def test_metadata_is_understood_or_left_to_a_person(
    tmp_path: Path, lines: list[str], text: str, expression: str
) -> None:
    """The licence is read from the expression, then the legacy field, then the classifiers, and never guessed."""
    assert licence(installed(tmp_path, "one", *lines, text=text)) == expression


def test_nothing_is_missing_now() -> None:
    """Every part has a licence, and no installed package's metadata contradicts it."""
    assert problems(Known.read()) == []


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("go", list(parts.go())),
        ("debian", parts.debian()),
        ("wheels", list(parts.wheel_programs())),
        ("images", list(parts.images())),
        ("packaged", list(parts.PACKAGED)),
        ("jars", list(parts.jars())),
        ("python", list(parts.python("peers"))),
    ],
)
def test_a_part_without_a_licence_is_named(kind: str, names: list[str]) -> None:
    """For every kind of part, an entry that is missing is reported."""
    known = Known.read()
    entries = {name: said for name, said in getattr(known, kind).items() if name != names[-1]}
    (sentence,) = problems(replace(known, **{kind: entries}), [])
    assert sentence.startswith(f"{names[-1]} has no licence: ")


def test_a_package_that_changes_its_licence_is_named(tmp_path: Path) -> None:
    """A package whose metadata states another licence is reported, and so is a licence of an unlocked package."""
    known = Known.read()
    (sentence,) = problems(known, [installed(tmp_path, "Flask", "License-Expression: SSPL-1.0")])
    assert sentence == "flask is under BSD-3-Clause in deploy/licences/python.yaml, but SSPL-1.0 in its metadata"
    (sentence,) = problems(replace(known, python={**known.python, "gone": "MIT"}), [])
    assert sentence == "gone has a licence but is in no lock file"


def test_the_parts_are_read_from_the_files_that_decide(tmp_path: Path) -> None:
    """Parts are read from lock files with extras and markers, and from images with their versions."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "run.txt").write_text(
        "Some_Name[extra]==1.2 ; python_version < '4' \\\n    --hash=sha256:00\n    # via other==9\nother==3.0b1 \\\n"
    )
    assert parts.python("run", tmp_path) == {"some-name": "1.2", "other": "3.0b1"}
    (tmp_path / ".env").write_text("# A=0\nA_VERSION=1.5\nB_VERSION=2\n")
    (tmp_path / "docker-compose.yml").write_text(
        "x:\n  image: some/server:${A_VERSION:?why}\n  image: glasshouse:${B_VERSION}\n"
    )
    (tmp_path / "Dockerfile").write_text("FROM base:${B_VERSION}-slim AS build\n")
    assert parts.images(tmp_path) == {"some/server": "1.5", "base": "2"}


def test_the_page_says_what_is_not_open_source() -> None:
    """The page's first table lists MongoDB, Redis 8 and everything under the AGPL, and nothing else."""
    first = page(Known.read()).split("\n\n")[3]
    assert all(name in first for name in ("`mongo`", "`mongod`", "`redis`", "`grafana/loki`", "`grafana/grafana`"))
    assert "nginx" not in first
