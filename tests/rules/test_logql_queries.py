"""Every LogQL query in the repository is valid for Grafana's own grammar and for the log gateway's parser."""

from __future__ import annotations

from functools import cache

import pytest

from log_gateway.errors import QueryError
from log_gateway.logql.parser import parse
from tests.logql import cases
from tests.rules.lezer import grammar
from tests.rules.logql_queries import everything, with_a_selector

LENIENT: dict[str, str] = {}
"""Texts that Loki rejects but Grafana's grammar, which is for highlighting, accepts, with the reasons."""
STRICT = {
    '{service_name="shop"} | status="200" http_route="/products"': "a blank is a documented `and`",
}
"""Documented LogQL that Grafana's grammar does not support yet, with the reasons."""


@cache
def judged() -> dict[str, int | None]:
    """Return the position of the first error by query text, from one run of Node."""
    texts = sorted({found.text for found in everything()} | {case.query for case in cases.load()})
    return dict(zip(texts, grammar.first_errors(texts), strict=True))


def pointed(query: str, place: int) -> str:
    """Return the query with a mark at the error."""
    return f"error at {place}: {query[:place]} >>>{query[place:]}"


def test_no_file_is_overlooked() -> None:
    """Queries were collected from every file that seems to contain a query."""
    assert with_a_selector() - {found.file for found in everything()} == set()


def test_queries_are_logql_to_grafana() -> None:
    """Grafana's grammar accepts every query of dashboards, alerts, runbooks, drills, documents and programs."""
    found = everything()
    assert len({query.file for query in found}) > 60
    wrong = [f"{one.file}: {pointed(one.text, place)}" for one in found if (place := judged()[one.text]) is not None]
    assert not wrong, "\n".join(wrong)


def test_queries_are_logql_to_the_gateway() -> None:
    """The gateway's parser accepts the same queries."""
    wrong = []
    for one in everything():
        try:
            parse(one.text)
        except QueryError as error:
            wrong.append(f"{one}: {error}")
    assert not wrong, "\n".join(wrong)


def test_conformance_queries_are_logql_to_grafana() -> None:
    """Queries that are expected to succeed have no error."""
    wrong = [
        f"{case.name}: {pointed(case.query, place)}"
        for case in cases.load()
        if not case.refused and (place := judged()[case.query]) is not None and case.query not in STRICT
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "case", [case for case in cases.load() if case.syntax_error], ids=lambda case: case.query or "empty"
)
def test_syntax_errors_are_refused(case: cases.Case) -> None:
    """Grafana's grammar and the gateway's parser reject these texts, and the parser reports the position."""
    if case.query not in LENIENT:
        assert judged()[case.query] is not None
    with pytest.raises(QueryError) as refused:
        parse(case.query)
    assert refused.value.position is not None
    assert 0 <= refused.value.position <= len(case.query)


def test_exceptions_are_needed() -> None:
    """Every exception still applies."""
    assert [text for text in LENIENT if judged()[text] is not None] == []
    assert [text for text in STRICT if judged()[text] is None] == []


@pytest.mark.parametrize(
    "case",
    [case for case in cases.load() if not case.refused],
    ids=lambda case: case.name,
)
def test_conformance_queries_are_logql_to_the_gateway(case: cases.Case) -> None:
    """Queries that are expected to succeed are parsed."""
    parse(case.query)
