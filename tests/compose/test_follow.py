"""`console.follow` in the console's container, as `docker compose up` suggests it."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import requests

from tests.compose.composed import Composed


def test_links_can_be_opened_in_a_browser(stack: Composed) -> None:
    """Each link has a published address; the page of the order and the order itself respond there."""
    done = stack.launcher("exec", "console.follow", "--json")
    assert done.returncode == 0, done.stderr
    links = {link["title"]: link["url"] for link in json.loads(done.stdout)["links"]}
    assert {urlsplit(url).hostname for url in links.values()} == {"127.0.0.1"}
    assert "Log lines in the log store" not in links, "Loki is not published"
    for title in ("Order", "Console", "Trace in Jaeger"):
        assert requests.get(links[title], timeout=10).status_code == 200, links[title]
