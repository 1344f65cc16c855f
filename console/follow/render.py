"""Render the story in the terminal, section by section. Text from servers is never parsed as markup."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rich.console import Console
from rich.text import Text

from console.follow import waterfall
from console.follow.words import amount, clock, level_style, money, safe
from console.story.model import ExemplarPart, LogEntry, OrderPart, Story, TracePart

_SHOWN_LOGS = 100
_SHOWN_ERRORS = 10
_STATUS_STYLES = {"confirmed": "green", "failed": "red"}


class Renderer:
    """Renders on one console at its width. URLs are not wrapped, so that they can be copied."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._ascii = not (console.encoding or "").lower().startswith("utf")

    def render(self, story: Story) -> None:
        """Print every section that has content."""
        sections: tuple[Callable[[Story], Iterator[Text]], ...] = (
            self._head,
            self._states,
            self._trace,
            self._metric,
            self._emails,
            self._alerts,
            self._notes,
            self._links,
        )
        for section in sections:
            lines = list(section(story))
            for line in lines:
                self._console.print(line, soft_wrap=True, highlight=False)
            if lines:
                self._console.print()

    def _head(self, story: Story) -> Iterator[Text]:
        if story.order:
            yield from _order(story.order)
        ids = Text()
        for name, value in (("request", story.request_id), ("trace", story.trace_id)):
            if value:
                ids.append(f"{name} ", "dim").append(f"{safe(value)}  ")
        yield ids

    def _states(self, story: Story) -> Iterator[Text]:
        if story.order is None:
            return
        yield _title("States")
        for state in story.order.states:
            line = Text().append(f"  {clock(state.at)}  ", "dim")
            after = "" if not state.after_ms else f"+{amount(state.after_ms)}"
            line.append(f"{after:>9}  ").append(safe(state.status), _STATUS_STYLES.get(state.status, "bold"))
            yield line

    def _trace(self, story: Story) -> Iterator[Text]:
        if story.trace is None:
            if story.logs:
                yield _title("Log lines")
                yield from (_log(entry) for entry in story.logs[:_SHOWN_LOGS])
            return
        yield _trace_title(story.trace, len(story.logs), self._arrow)
        yield from waterfall.rows(story.trace, self._console.width, ascii_only=self._ascii)
        for span in waterfall.failed(story.trace.parts)[:_SHOWN_ERRORS]:
            yield Text(f"{safe(span.service)}: {safe(span.name)} failed: {safe(span.error or '')}", "red")

    def _metric(self, story: Story) -> Iterator[Text]:
        if story.exemplar is None:
            return
        yield _title("Metric")
        yield from _exemplar(story.exemplar, self._arrow)

    def _emails(self, story: Story) -> Iterator[Text]:
        if story.emails:
            yield _title("E-mail")
        for email in story.emails:
            yield (
                Text()
                .append(f"  {clock(email.received_at)}  ", "dim")
                .append(safe(email.subject))
                .append(f"  {email.url}", "dim")
            )

    def _alerts(self, story: Story) -> Iterator[Text]:
        if story.alerts:
            yield _title("Firing alerts")
        for alert in story.alerts:
            yield Text("  ").append(safe(alert.name), "bold red").append(f"  {safe(alert.summary)}")

    def _notes(self, story: Story) -> Iterator[Text]:
        if story.notes:
            yield _title("Missing data")
        for note in story.notes:
            yield Text().append("  ! ", "yellow").append(safe(note))

    def _links(self, story: Story) -> Iterator[Text]:
        if story.links:
            yield _title("Links")
        widest = max((len(link.title) for link in story.links), default=0)
        for link in story.links:
            yield Text(f"  {link.title:<{widest}}  ").append(link.url, "cyan")

    @property
    def _arrow(self) -> str:
        return "->" if self._ascii else "→"


def _title(text: str) -> Text:
    return Text(text, style="bold")


def _order(order: OrderPart) -> Iterator[Text]:
    line = Text().append(f"Order {safe(order.id)}", "bold")
    line.append(" " if order.status == "failed" else " is ")
    line.append(safe(order.status), "bold " + _STATUS_STYLES.get(order.status, "yellow"))
    if order.is_final and order.took_ms is not None:
        line.append(f" after {amount(order.took_ms)}")
    if order.reason:
        line.append(f": {safe(order.reason)}", "red")
    yield line
    cost = [money(order.total_cents, order.currency)] if order.total_cents is not None else []
    yield Text(", ".join([*(safe(item) for item in order.items), *cost]))


def _trace_title(trace: TracePart, logs: int, arrow: str) -> Text:
    line = Text().append("Trace  ", "bold").append(f" {arrow} ".join(safe(service) for service in trace.services))
    said = [f"{trace.spans} spans", amount(trace.duration_ms), f"{logs} log lines"]
    line.append(": " + ", ".join(said))
    if trace.errors:
        line.append(f", {trace.errors} with errors", "red")
    return line if trace.is_complete else line.append(", incomplete", "yellow")


def _log(entry: LogEntry) -> Text:
    line = Text().append(f"  {clock(entry.at)}  ", "dim").append(f"{safe(entry.service):<10}")
    return line.append(f"{safe(entry.level):<8} ", level_style(entry.level)).append(safe(entry.message))


def _exemplar(exemplar: ExemplarPart, arrow: str) -> Iterator[Text]:
    labels = ", ".join(f'{name}="{safe(value)}"' for name, value in exemplar.labels.items())
    yield Text(f"  {exemplar.metric}{{{labels}}}")
    line = Text(f"  exemplar {amount(exemplar.seconds * 1000)} at {clock(exemplar.at)} {arrow} trace ")
    line.append(f"{safe(exemplar.trace_id)}  ")
    if exemplar.is_ours:
        yield line.append("this request", "green")
        return
    yield line.append("another request", "yellow")
    yield Text("  (a later request replaced the exemplar of this request in its bucket)", "dim")
