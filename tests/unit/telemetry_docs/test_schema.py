"""The schema of telemetry lists what the code emits."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

import pytest

from deploy.telemetry_docs import metrics
from deploy.telemetry_docs.__main__ import main
from deploy.telemetry_docs.page import PAGE, page, schema
from shop.adapters.circuit import CircuitState
from shop.domain.order import OrderStatus
from stack.paths import ROOT

EVENT = re.compile(r"[a-z_]+(\.[a-z_]+)+")
FORMATTED: dict[str, Iterable[str]] = {
    "order.*": set(OrderStatus) - {OrderStatus.PENDING},
    "circuit.*": CircuitState,
    "payment.*": ("approved", "declined"),
    "fault.*": ("on", "off", "expired"),
    "console.*": (),
}
"""The texts that replace ``*`` in formatted names. Callers of ``guard.record`` name the console's events."""


def literals(node: ast.AST) -> set[str]:
    """Return the texts of a value: a constant, both branches of a condition, or a formatted text with ``*`` in gaps."""
    if isinstance(node, ast.Constant):
        return {str(node.value)}
    if isinstance(node, ast.IfExp):
        return literals(node.body) | literals(node.orelse)
    if isinstance(node, ast.JoinedStr):
        return {"".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values)}
    return set()


def emitted(tree: ast.AST) -> set[str]:
    """Return the event names of a module: values of the key ``event``, and names passed to a function that logs."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "event":
                    found |= literals(value)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "guard.record":
            found |= {f"console.{text}" for text in literals(node.args[0])}
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ("say", "_log_order", "_log"):
            found |= {
                text for argument in node.args for text in literals(argument) if EVENT.fullmatch(text.replace("*", "x"))
            }
    return found


def declared_in_code() -> dict[str, str]:
    """Return each event of the code with the file that emits it."""
    return {
        event.replace("*", text): file
        for file, tree in metrics.sources()
        for event in emitted(tree)
        for text in (FORMATTED[event] if "*" in event else [""])
    }


def test_every_event_of_the_code_is_declared() -> None:
    """An event that the code logs is in the schema."""
    found = declared_in_code()
    assert len(found) > 50
    assert {event: file for event, file in found.items() if event not in schema()["events"]} == {}


def test_every_declared_event_is_in_the_code() -> None:
    """The schema lists no event that nothing logs; NGINX's is in its configuration."""
    found = declared_in_code()
    template = (ROOT / "stack/config/nginx/nginx.conf.template").read_text()
    assert {name for name in schema()["events"] if name not in found and name not in template} == set()


def test_an_event_that_is_not_declared_is_found() -> None:
    """The check can fail, also for a name in a condition or a formatted text."""
    tree = ast.parse(
        'log.info("x", extra={"event": "a.b" if c else "d.e"})\nsay("INFO", f"fault.{x}", "text")\nguard.record("f.g")'
    )
    assert emitted(tree) == {"a.b", "d.e", "fault.*", "console.f.g"}


@pytest.mark.parametrize("metric", metrics.declared(), ids=lambda metric: metric.name)
def test_metrics_follow_the_naming_rules(metric: metrics.DeclaredMetric) -> None:
    """Counters end in ``_total``, other metrics do not; the help text is one sentence without a full stop."""
    assert metric.name.endswith("_total") == (metric.type == "counter")
    assert metric.help[0].isupper()
    assert not metric.help.endswith(".")


def test_the_page_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    """`make generate` writes the page; a page that differs is reported."""
    assert PAGE.read_text() == page()
    assert main(["--check"]) == 0
    assert main(["--wrong"]) == 2
    assert "usage" in capsys.readouterr().err
