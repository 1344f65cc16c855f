"""The JSON provider based on orjson, and the arguments that ``jsonify`` accepts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask

from app.json_provider import OrjsonProvider


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)
    app.json = OrjsonProvider(app)
    return app


@pytest.mark.parametrize(
    ("values", "named"),
    [((), {}), ((1,), {}), ((None,), {}), (([],), {}), ((1, 2), {}), ((), {"b": 1, "a": None}), (({},), {})],
)
def test_it_takes_what_flasks_own_takes(app: Flask, values: tuple[Any, ...], named: dict[str, Any]) -> None:
    """The provider accepts the same arguments as Flask's own and returns the same JSON on one line."""
    answer = app.json.response(*values, **named)
    plain = Flask(__name__)
    flasks = plain.json.response(*values, **named)
    assert json.loads(answer.get_data()) == json.loads(flasks.get_data())
    assert answer.get_data().endswith(b"\n")
    assert answer.mimetype == "application/json"


def test_values_and_names_do_not_mix(app: Flask) -> None:
    """Positional and keyword arguments together raise ``TypeError``, as in Flask."""
    with pytest.raises(TypeError):
        app.json.response(1, a=2)


def test_invalid_json_is_refused(app: Flask) -> None:
    """Invalid values and texts raise the exceptions that Flask expects of a provider."""
    with pytest.raises(TypeError):
        app.json.dumps(object())
    with pytest.raises(ValueError, match="unexpected"):
        app.json.loads("{")
