"""The wheel with the oldest supported versions; `make test-versions` tests further combinations, completely."""

from __future__ import annotations

import platform

from tests.library_versions.__main__ import PASSED, main


def test_every_integration_works_with_the_oldest_versions() -> None:
    """Flask, RQ, pymongo, redis-py, requests and gunicorn work in their oldest supported versions."""
    assert platform.python_version_tuple()[:2] == ("3", "11"), "Python 3.11 is the oldest supported version"
    assert main(["--combination", "old", "--python", "3.11", "--quick"]) == PASSED
