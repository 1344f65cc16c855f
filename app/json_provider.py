"""Flask's JSON provider on orjson, which is faster than the standard library."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response
from flask.json.provider import JSONProvider


class OrjsonProvider(JSONProvider):
    """The provider for ``app.json``; keys keep their order.

    Raises ``TypeError`` for a value that cannot be encoded, ``ValueError`` for text that is not JSON.
    """

    def dumps(self, obj: Any, **_: Any) -> str:
        """Return ``obj`` as JSON text."""
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """Parse JSON text."""
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """Return the response for ``jsonify``, with a final line break for terminals.

        The arguments are one value, several values (a list), or named values (an object). Raises ``TypeError`` for a
        mixture.
        """
        if args and kwargs:
            raise TypeError("pass either values or named values, not both")
        content = kwargs or (args[0] if len(args) == 1 else args or None)
        raw = orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)
        return Response(raw, mimetype="application/json")
