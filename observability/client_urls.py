"""Checks of connection URLs by the clients that will use them: each knows its own options.

For ``observability.settings.Url``. Neither connects nor resolves a name.
"""

from __future__ import annotations

import warnings

from observability.settings.errors import Refused


def check_mongo(url: str) -> None:
    """Raise ``Refused`` if pymongo cannot use the URL or would ignore one of its options."""
    # Imported here: gunicorn's master reads the settings and needs no client otherwise.
    from pymongo.errors import PyMongoError
    from pymongo.uri_parser import parse_uri

    if url.startswith("mongodb+srv://"):
        return  # to take it apart is to ask a name server
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
