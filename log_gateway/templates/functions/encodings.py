"""JSON, Base64 and URL encoding."""

from __future__ import annotations

import base64
import binascii
import json
from urllib.parse import quote_plus, unquote_to_bytes

from log_gateway.templates.errors import TemplateFailed
from log_gateway.templates.functions.function import Function, exactly
from log_gateway.templates.values import text


def _from_json(value: object) -> object:
    try:
        # Go has a single type for JSON numbers.
        return json.loads(text(value), parse_int=float)
    except (ValueError, RecursionError) as error:
        raise TemplateFailed(f"fromJson: {error}") from error


def _encoded(value: object) -> str:
    return base64.b64encode(text(value).encode("utf-8", "replace")).decode()


def _decoded(value: object) -> str:
    try:
        return base64.b64decode(text(value), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError) as error:
        # As in Loki's library, the function returns the error text.
        return f"illegal base64 data: {error}"


def _url_encoded(value: object) -> str:
    return quote_plus(text(value).encode("utf-8", "replace"))


def _url_decoded(value: object) -> str:
    encoded = text(value)
    for index in (index for index, letter in enumerate(encoded) if letter == "%"):
        digits = encoded[index + 1 : index + 3]
        if len(digits) < 2 or any(digit not in "0123456789abcdefABCDEF" for digit in digits):
            raise TemplateFailed(f'invalid URL escape "%{digits}"')
    return unquote_to_bytes(encoded.replace("+", " ")).decode("utf-8", "replace")


ENCODINGS: dict[str, Function] = {
    "fromJson": exactly(1, _from_json),
    "b64enc": exactly(1, _encoded),
    "b64dec": exactly(1, _decoded),
    "urlencode": exactly(1, _url_encoded),
    "urldecode": exactly(1, _url_decoded),
}
