"""The prose of each file type is extracted with its lines and columns, and nothing else is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from deploy.prose import files
from deploy.prose.text import only, reads_as_prose, without_excepted
from deploy.tracked import tracked
from stack.paths import ROOT

SOURCES: Mapping[str, str] = yaml.safe_load((Path(__file__).parent / "sources.yaml").read_text())


@pytest.mark.parametrize("name", SOURCES)
def test_prose_and_only_prose_stays_in_its_place(name: str) -> None:
    """Each planted word keeps its line and column, and no code is left."""
    source = SOURCES[name]
    kept = only(source, files.EXTRACTORS[files.kind(name)](source))
    assert "told" in kept
    assert kept.count("told") == source.count("told")
    assert "hidden" not in kept.lower()
    assert len(kept) == len(source)
    assert all(new in (old, " ", "|") for new, old in zip(kept, source, strict=True))
    assert [end for end in range(len(source)) if kept[end] == "\n"] == [
        end for end in range(len(source)) if source[end] == "\n"
    ]


def test_every_extractor_has_a_source() -> None:
    """Every extractor has a test source, so that a new file type needs a test."""
    assert {files.kind(name) for name in SOURCES} == files.EXTRACTORS.keys()


def test_every_tracked_file_is_of_a_known_type() -> None:
    """Every file of the repository has a known type, and every listed type occurs or is binary.

    This includes files that are not committed yet.
    """
    paths = tracked()
    assert files.unknown(paths) == []
    assert files.EXTRACTORS.keys() <= {files.kind(path) for path in paths}
    assert files.unknown(["a/b.rst", "Jenkinsfile", "a.py"]) == ["a/b.rst", "Jenkinsfile"]


def test_every_file_of_the_repository_can_be_read(tmp_path: Path) -> None:
    """Every file of the repository can be read, and its copy has as many lines as the file."""
    paths = tracked()
    files.mirror(ROOT, paths, tmp_path)
    copies = {copy.relative_to(tmp_path): copy for copy in tmp_path.rglob("*") if copy.is_file()}
    assert len(copies) > 0.9 * len([path for path in paths if files.kind(path) not in files.NO_PROSE])
    for name, copy in copies.items():
        source = ROOT / str(name).removesuffix(".txt")
        if not source.is_file():
            source = ROOT / name
        assert copy.read_text().count("\n") == source.read_text().count("\n"), name


def test_what_code_separates_is_not_read_as_one_sentence() -> None:
    """Texts that code separates are not read as one sentence.

    A bar stands for code; adjacent literals and the lines of a comment are one text.
    """
    source = 'a("is in", b, "vain hope")\nc("is in "\n  "vain hope")\n# is in\n# vain hope\n'
    kept = only(source, files.EXTRACTORS[".py"](source)).splitlines()
    assert kept[0].split() == ["|", "is", "in|", "vain", "hope|"]
    assert "|" not in " ".join(kept[1:]).split("is in", 1)[1].split("hope")[0]
    assert "|" not in " ".join(kept[3:]).split("is in", 1)[1]


@pytest.mark.parametrize(
    ("text", "prose"),
    [
        ("the order is late", True),
        ("Place an order", True),
        ("order", False),
        ("api-1", False),
        ('{service_name="shop"} |= "error" | json', False),
        ("histogram_quantile(0.99, rate(x[5m])) by le", False),
        (r"^(?:one two)\s+$", False),
        ("DELETE FROM orders", False),
        ('["one two", "three four"]', False),
        ("body { color: red; margin: 0; }", False),
        ("from stack import tasks", False),
    ],
)
def test_literals_that_read_as_prose(text: str, prose: bool) -> None:
    """A literal is prose if it has at least two words and is not a query, a pattern or data."""
    assert reads_as_prose(text) == prose


def test_marked_lines_are_excepted() -> None:
    """A marked line, or the lines between two markers, are excepted, also in Markdown."""
    source = "one\ntwo # prose: ignore\nthree\n# prose: off\nfour\n# prose: on\nfive\n"
    assert without_excepted(source, source).split() == ["one", "three", "five"]
    code = 'a = "it is told"  # prose: ignore\nb = "it is told"\n'
    assert only(code, files.EXTRACTORS[".py"](code)).splitlines()[0].strip() == ""


def test_markdown_is_left_to_vale(tmp_path: Path) -> None:
    """The copy of a Markdown file is the file without the excepted lines."""
    (tmp_path / "a.md").write_text("# A `b`\n\nis told <!-- prose: ignore -->\n")
    files.mirror(tmp_path, ["a.md"], tmp_path / "copies")
    assert (tmp_path / "copies" / "a.md").read_text().rstrip(" \n") == "# A `b`"
