"""Render the trace in the terminal: one row per span with a bar for its time, and its log lines below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from console.follow.words import amount, level_style, safe, service_style
from console.story.model import LogEntry, SpanNode, TracePart

MAX_ROWS = 300
_LEAST_BAR_WIDTH = 90
_NUMBER = 9

Part = SpanNode | LogEntry


def rows(trace: TracePart, width: int, *, ascii_only: bool = False) -> Iterator[Text]:
    """Yield the lines, at most ``width`` wide. The bar is omitted if the width is too small."""
    bar = 0 if width < _LEAST_BAR_WIDTH else max(16, min(40, (width - 60) // 2))
    names = max((len(part.service) for _, part in _walk(trace.parts, ())), default=0)
    drawing = _Drawing(trace.duration_ms, bar, max(7, min(names, 12)), width, ascii_only)
    yield drawing.heading()
    for count, (guides, part) in enumerate(_walk(trace.parts, ())):
        if count == MAX_ROWS:
            yield Text(f"… only the first {MAX_ROWS} rows of the trace are shown", style="dim")
            return
        yield drawing.span(part, guides) if isinstance(part, SpanNode) else drawing.log(part, guides)


def failed(parts: Sequence[Part]) -> list[SpanNode]:
    """Return the failed spans in the order of the rows; the rows may have truncated their messages."""
    return [part for _, part in _walk(parts, ()) if isinstance(part, SpanNode) and part.error]


def _walk(parts: Sequence[Part], above: tuple[bool, ...]) -> Iterator[tuple[tuple[bool, ...], Part]]:
    """Yield each part with its guides: for each level, whether more parts of that level follow."""
    for place, part in enumerate(parts):
        guides = (*above, place < len(parts) - 1)
        yield guides, part
        if isinstance(part, SpanNode):
            yield from _walk(part.parts, guides)


class _Drawing:
    """Columns: offset, duration, service, bar, and the tree, which may extend to the edge."""

    def __init__(self, total_ms: float, bar: int, names: int, width: int, ascii_only: bool) -> None:
        self._total = total_ms or 1.0
        self._bar, self._names, self._width, self._ascii = bar, names, width, ascii_only

    def heading(self) -> Text:
        end = amount(self._total)
        scale = f"0{end:>{self._bar - 1}}  " if self._bar else ""
        text = f"{'offset':>{_NUMBER}}{'duration':>{_NUMBER}}  {'service':<{self._names}}  {scale}span and log lines"
        return self._cut(Text(text, style="dim"))

    def span(self, span: SpanNode, guides: tuple[bool, ...]) -> Text:
        style = service_style(span.service)
        line = self._numbers(span.offset_ms, span.duration_ms)
        line.append(self._service(span.service), style)
        if self._bar:
            line.append(self._bar_text(span) + "  ", "red" if span.error else style)
        line.append(self._guide(guides), "dim").append(safe(span.name), "bold")
        if span.peer:
            line.append(f"  {safe(span.peer)}", "dim")
        if span.error:
            line.append(f"  {'!' if self._ascii else '✘'} {safe(span.error)}", "red")
        return self._cut(line)

    def log(self, entry: LogEntry, guides: tuple[bool, ...]) -> Text:
        line = self._numbers(entry.offset_ms, None)
        line.append(self._service(entry.service), "dim")
        if self._bar:
            line.append(self._mark(entry.offset_ms or 0.0) + "  ", "dim")
        line.append(self._guide(guides), "dim").append(f"{safe(entry.level) or 'LOG'} ", level_style(entry.level))
        line.append(safe(entry.message), "italic")
        return self._cut(line)

    def _service(self, name: str) -> str:
        return f"{safe(name)[: self._names]:<{self._names}}  "

    def _numbers(self, offset_ms: float | None, took_ms: float | None) -> Text:
        offset = "" if offset_ms is None else ("+" if offset_ms >= 0 else "") + amount(offset_ms)
        took = "" if took_ms is None else amount(took_ms)
        return Text(f"{offset:>{_NUMBER}}{took:>{_NUMBER}}  ")

    def _bar_text(self, span: SpanNode) -> str:
        first = self._cell(span.offset_ms)
        last = max(first, self._cell(span.offset_ms + span.duration_ms))
        return (" " * first + ("#" if self._ascii else "█") * (last - first + 1)).ljust(self._bar)

    def _mark(self, offset_ms: float) -> str:
        return (" " * self._cell(offset_ms) + ("." if self._ascii else "·")).ljust(self._bar)

    def _cell(self, at_ms: float) -> int:
        return max(0, min(self._bar - 1, int(at_ms / self._total * self._bar)))

    def _guide(self, guides: tuple[bool, ...]) -> str:
        if len(guides) < 2:
            return ""
        through, branch, last = ("|  ", "|- ", "`- ") if self._ascii else ("│  ", "├─ ", "└─ ")
        stems = "".join(through if more else "   " for more in guides[1:-1])
        return stems + (branch if guides[-1] else last)

    def _cut(self, line: Text) -> Text:
        line.truncate(self._width, overflow="crop" if self._ascii else "ellipsis")
        return line
