"""``python -m bench.flame TITLE=FILE … --root FUNCTION --out FILE.svg``: excerpts of flame graphs, one below the other.

The files are py-spy's (``--format raw``): a line for each stack with its samples. Shown is what lies above ``--root``,
each as wide as its share; ``--mark`` colours the frames that it is about. No script: it stands in a document.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

WIDTH, ROW, TITLE, DEEPEST, NARROWEST = 1100, 17, 34, 14, 0.004
PLAIN, OURS, MARKED, INK = "#dfe6ec", "#bcd4ee", "#f0a35e", "#22303c"
LETTER = 6.3
"""About the width of a letter of 11 px."""


@dataclass
class Frame:
    """A function, how many samples were in it, and what it called."""

    name: str
    samples: int = 0
    calls: dict[str, Frame] = field(default_factory=dict)

    def add(self, stack: Sequence[str], samples: int) -> None:
        """Count a stack that begins below this frame."""
        self.samples += samples
        if stack:
            self.calls.setdefault(stack[0], Frame(stack[0])).add(stack[1:], samples)


def read(lines: Iterable[str], root: str) -> Frame:
    """The stacks above the first frame that has ``root`` in its name; lines of code of one function are one."""
    top = Frame(root)
    for line in lines:
        stack, _, samples = line.rstrip().rpartition(" ")
        frames = [re.sub(r":\d+\)$", ")", frame) for frame in stack.split(";")]
        at = next((number for number, frame in enumerate(frames) if root in frame), None)
        if at is not None:
            top.add(frames[at + 1 : at + 1 + DEEPEST], int(samples))
    return top


def draw(titled: Sequence[tuple[str, Frame]], marks: Sequence[str]) -> str:
    """The pictures, each with its title."""
    parts, y = [], 8.0
    for title, top in titled:
        parts.append(f'<text x="8" y="{y + 18:.0f}" style="font-size:14px;font-weight:600">{escape(title)}</text>')
        y += TITLE
        depth = _boxes(parts, top, 8.0, y, WIDTH - 16.0, top.samples, marks)
        y += ROW * depth + 14
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y:.0f}" role="img">'
    style = f"<style>text{{font:11px ui-sans-serif,system-ui,sans-serif;fill:{INK}}}</style>"
    return "".join([head, style, f'<rect width="{WIDTH}" height="{y:.0f}" fill="#fbfcfd"/>', *parts, "</svg>\n"])


def _boxes(parts: list[str], frame: Frame, x: float, y: float, width: float, whole: int, marks: Sequence[str]) -> int:
    share = frame.samples / whole
    fill = MARKED if any(mark in frame.name for mark in marks) else OURS if _ours(frame.name) else PLAIN
    said = f"{frame.name} {share:.1%}"
    parts.append(f'<rect x="{x:.1f}" y="{y:.0f}" width="{max(0.5, width - 0.6):.1f}" height="{ROW - 1}" fill="{fill}">')
    parts.append(f"<title>{escape(said)}</title></rect>")
    room = int((width - 6) / LETTER)
    if room >= 4:
        parts.append(f'<text x="{x + 3:.1f}" y="{y + 12:.0f}">{escape(said[:room])}</text>')
    depth = 0
    for called in sorted(frame.calls.values(), key=lambda one: -one.samples):
        part = width * called.samples / frame.samples
        if called.samples / whole >= NARROWEST:
            depth = max(depth, _boxes(parts, called, x, y + ROW, part, whole, marks))
        x += part
    return depth + 1


def _ours(name: str) -> bool:
    return bool(re.search(r"\((app|shop|observability|faults)/", name))


def main(arguments: Sequence[str] | None = None) -> int:
    """Read, draw, write."""
    parser = argparse.ArgumentParser(description="Excerpts of flame graphs as one SVG.")
    parser.add_argument("files", nargs="+", metavar="TITLE=FILE")
    parser.add_argument("--root", required=True)
    parser.add_argument("--mark", action="append", default=[])
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    titled = []
    for given in options.files:
        title, _, file = given.rpartition("=")
        top = read(Path(file).read_text().splitlines(), options.root)
        if not top.samples:
            sys.stderr.write(f"flame: nothing in {file} lies above {options.root}\n")
            return 1
        titled.append((title, top))
    options.out.write_text(draw(titled, options.mark))
    return 0


if __name__ == "__main__":
    sys.exit(main())
