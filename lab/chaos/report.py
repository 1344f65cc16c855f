"""The figures of a chaos run, as a table and as JSON; and a progress line."""

from __future__ import annotations

import json
import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lab.chaos.killer import Kill
from lab.orders.ledger_audit import FINAL, Evidence, Violation

PLAIN_EVERY_SECONDS = 5.0
IDS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Spread:
    """The median, the 95th percentile and the maximum of some durations in seconds."""

    p50: float
    p95: float
    most: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Spread:
        """Return the spread; zeros for an empty list."""
        if len(seconds) < 2:
            return cls(*([round(seconds[0], 3) if seconds else 0.0] * 3))
        cuts = statistics.quantiles(seconds, n=100, method="inclusive")
        return cls(round(cuts[49], 3), round(cuts[94], 3), round(max(seconds), 3))

    def __str__(self) -> str:
        return f"{self.p50:.2f} / {self.p95:.2f} / {self.most:.2f} s"


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a chaos run."""

    orders: int
    promised: int
    in_database: int
    statuses: dict[str, int]
    reasons: dict[str, int]
    charges_approved: int
    charges_declined: int
    emails: int
    emails_repeated: int
    """E-mails sent again after a crash, and recognised by their Message-ID."""
    pieces_sold: int
    products_sold: int
    kills: dict[str, int]
    down: Spread
    answers: dict[str, int]
    attempts_most: int
    to_promise: Spread
    to_final: Spread
    longest_request: float
    took: float

    @classmethod
    def of(
        cls, found: Evidence, answers: Mapping[str, int], kills: Sequence[Kill], repeated: int, took: float
    ) -> Figures:
        """Compute the figures from the evidence."""
        ours = {order["_id"] for order in found.orders}
        charges = Counter(charge["status"] for charge in found.charges if charge["order_id"] in ours)
        sold: Counter[str] = Counter()
        for order in found.orders:
            if order["status"] == "confirmed":
                for line in order["lines"]:
                    sold[line["product_id"]] += line["quantity"]
        promises = [one.promised_at - one.due for one in found.sent if one.promised_at is not None]
        finals = [
            (order["history"][-1]["at"] - order["created_at"]).total_seconds()
            for order in found.orders
            if order["status"] in FINAL
        ]
        return cls(
            orders=len(found.sent),
            promised=len(promises),
            in_database=len(found.orders),
            statuses=dict(Counter(order["status"] for order in found.orders)),
            reasons=dict(Counter(order["reason"] for order in found.orders if order.get("reason"))),
            charges_approved=charges["approved"],
            charges_declined=charges["declined"],
            emails=sum(count for order, count in found.mails.items() if order in ours),
            emails_repeated=repeated,
            pieces_sold=sum(sold.values()),
            products_sold=len(sold),
            kills=dict(Counter(kill.name for kill in kills)),
            down=Spread.of([kill.down_seconds for kill in kills]),
            answers=dict(sorted(answers.items())),
            attempts_most=max((one.attempts for one in found.sent), default=0),
            to_promise=Spread.of(promises),
            to_final=Spread.of(finals),
            longest_request=round(max((one.longest for one in found.sent), default=0.0), 3),
            took=round(took, 1),
        )


class Progress:
    """Prints progress: one line that is overwritten on a terminal, otherwise a line every few seconds."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)
        self._status = self.console.status("") if self.console.is_terminal else None
        self._began = self._last = time.monotonic()
        self._said = ""

    def say(self, text: str) -> None:
        """Show the progress of the run."""
        now = time.monotonic()
        line = f"{now - self._began:5.0f} s  {text}"
        if self._status is not None:
            self._status.update(line)
            self._status.start()
        elif text != self._said and (not self._said or now - self._last >= PLAIN_EVERY_SECONDS):
            self._last, self._said = now, text
            self.console.print(line)

    def done(self) -> None:
        """Remove the line."""
        if self._status is not None:
            self._status.stop()


def rows(figures: Figures) -> list[tuple[str, str]]:
    """Return the table's rows."""
    return [
        ("orders sent", f"{figures.orders}"),
        ("accepted (202)", f"{figures.promised}, with at most {figures.attempts_most} attempts"),
        ("in the database", f"{figures.in_database}"),
        ("final states", _listed(figures.statuses)),
        ("failure reasons", _listed(figures.reasons) or "none"),
        ("charges", f"{figures.charges_approved} approved, {figures.charges_declined} declined"),
        ("e-mails", f"{figures.emails}, and {figures.emails_repeated} duplicates recognised"),
        ("sold", f"{figures.pieces_sold} items of {figures.products_sold} products"),
        ("kill -9", f"{sum(figures.kills.values())}: {_listed(figures.kills)}" if figures.kills else "none"),
        ("down, p50 / p95 / max", str(figures.down)),
        ("responses to the sender", _listed(figures.answers)),
        ("time to 202, p50 / p95 / max", str(figures.to_promise)),
        ("202 to final state, p50 / p95 / max", str(figures.to_final)),
        ("longest request", f"{figures.longest_request:.2f} s"),
        ("duration", f"{figures.took:.0f} s"),
    ]


def show(figures: Figures, violations: Sequence[Violation], console: Console) -> None:
    """Print the table, and each broken invariant with the ids that break it."""
    table = Table(title="Chaos run", title_justify="left", show_header=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for name, value in rows(figures):
        table.add_row(name, escape(value))
    console.print(table)
    if not violations:
        console.print("[green]Every invariant holds.[/green]")
    for one in violations:
        shown = ", ".join(one.ids[:IDS_SHOWN])
        more = f" and {len(one.ids) - IDS_SHOWN} more" if len(one.ids) > IDS_SHOWN else ""
        console.print(f"[red]BROKEN:[/red] {escape(one.invariant)}: {escape(shown)}{more}")


def write_json(path: Path, seed: int, figures: Figures, violations: Sequence[Violation], kills: Sequence[Kill]) -> None:
    """Write all figures, including every id."""
    content = {
        "seed": seed,
        "passed": not violations,
        "figures": asdict(figures),
        "violations": [asdict(one) for one in violations],
        "kills": [asdict(one) for one in kills],
    }
    path.write_text(json.dumps(content, indent=2) + "\n")


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
