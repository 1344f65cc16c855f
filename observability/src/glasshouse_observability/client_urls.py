"""Checks of connection URLs by the client libraries that will use them, because each supports its own options.

For ``glasshouse_observability.settings.Url``. The checks neither connect nor resolve a name.
"""

from __future__ import annotations

import warnings

from glasshouse_observability.settings.errors import Refused


def check_mongo(url: str) -> None:
    """Raise ``Refused`` if pymongo cannot use the URL or would ignore one of its options."""
    # Imported here because gunicorn's master reads the settings but needs no client.
    from pymongo.errors import PyMongoError
    from pymongo.uri_parser import parse_uri

    if url.startswith("mongodb+srv://"):
        return  # parsing a mongodb+srv URL would query a name server
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            parse_uri(url)
        except (PyMongoError, ValueError, Warning):
            raise Refused("pymongo does not accept it") from None


def check_redis(url: str) -> None:
    """Raise ``Refused`` if redis-py cannot use the URL."""
    from redis.connection import parse_url

    try:
        parse_url(url)  # type: ignore[no-untyped-call]
    except (ValueError, TypeError):
        raise Refused("redis-py does not accept it") from None
