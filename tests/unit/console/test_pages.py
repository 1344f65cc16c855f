"""The pages and the health probes."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import urljoin

import pytest

from console.config.addresses import Addresses
from console.inbox.mail import email_item
from console.web.links import query_links, remembered, server_links


def test_an_empty_inbox_says_what_will_come(console: SimpleNamespace) -> None:
    """An empty inbox explains which items it will show."""
    page = console.client.get("/inbox").text
    assert "No alert notifications yet" in page
    assert "No e-mails yet" in page


def test_the_page_shows_alerts_and_mails(console: SimpleNamespace, recorded: Callable[[str], Any]) -> None:
    """The page shows the status, summary, links and text of alerts and e-mails, and links to the other servers."""
    console.client.post("/api/alerts/webhook", json=recorded("webhook"))
    console.inbox.add("email", email_item(b"Subject: Your order\r\nX-Order-ID: ord_1\r\n\r\nThank you.", "", []))
    page = console.client.get("/inbox").text
    for text in ("firing", "24.34% of the requests", "/runbooks/ApiErrorRatioHigh", "Thank you.", 'data-newest="2"'):
        assert text in page
    assert "http://127.0.0.1:8000/api/v1/orders/ord_1" in page
    assert "http://127.0.0.1:9093/" in page
    assert "Thank you." not in console.client.get("/inbox?kind=alert").text


def test_what_others_wrote_is_escaped(console: SimpleNamespace, recorded: Callable[[str], Any]) -> None:
    """Markup in an alert or an e-mail is escaped and never runs."""
    evil = "<script>alert(1)</script>"
    payload = recorded("webhook")
    payload["commonAnnotations"]["summary"] = evil
    payload["alerts"][0]["labels"][evil] = evil
    payload["alerts"][0]["annotations"]["dashboard_url"] = "javascript:alert(1)"
    assert console.client.post("/api/alerts/webhook", json=payload).status_code == 200
    console.inbox.add("email", email_item(f"Subject: {evil}\r\n\r\n{evil}".encode(), evil, [evil]))
    page = console.client.get("/inbox").text
    assert evil not in page
    assert "javascript:" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("path", ["/", "/inbox", "/api/inbox", "/nowhere", "/static/js/inbox.js"])
def test_every_answer_forbids_scripts_of_others(console: SimpleNamespace, path: str) -> None:
    """Every response has a policy that allows files of this server only, no inline code and no framing."""
    with console.client.get(path) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


PAGES = [
    "/", "/dashboards", "/dashboards/glasshouse-api", "/d/glasshouse-api", "/requests", "/requests/req-1", "/logs",
    "/alerts", "/inbox", "/faults", "/api", "/runbooks", "/runbooks/ApiErrorRatioHigh",
]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_anything_inline(console: SimpleNamespace, path: str) -> None:
    """No page has an inline style or an inline script, which the policy would block."""
    page = console.client.get(path).text
    assert " style=" not in page
    assert "<style" not in page
    assert not re.search(r"\son\w+=", page)
    scripts = re.findall(r"<script([^>]*)>", page)
    assert scripts
    assert all('src="/static/' in one for one in scripts)


@pytest.mark.parametrize("path", PAGES)
def test_every_file_that_a_page_names_is_there(console: SimpleNamespace, path: str) -> None:
    """Every script, style and icon that a page refers to exists, and so does every import of the scripts."""
    asked = set(re.findall(r'(?:src|href)="(/static/[^"#]+)', console.client.get(path).text))
    assert asked
    known: set[str] = set()
    while asked - known:
        name = (asked - known).pop()
        known.add(name)
        with console.client.get(name) as answer:
            assert answer.status_code == 200, name
            if name.endswith(".js") and "/packages/" not in name:
                asked |= {urljoin(name, found) for found in re.findall(r'from "(\.[^"]+)"', answer.text)}


def test_a_page_marks_where_one_is(console: SimpleNamespace) -> None:
    """A page marks its entry in the navigation as current; a runbook belongs to the alerts."""
    for path, name in (
        ("/", "Overview"),
        ("/logs", "Logs"),
        ("/runbooks/ApiErrorRatioHigh", "Alerts"),
        ("/d/x", "Dashboards"),
    ):
        page = console.client.get(path).text
        (current,) = re.findall(r'data-key="\w" aria-current="page">(.*?)</a>', page, re.DOTALL)
        assert f"<span>{name}</span>" in current


def test_a_runbook_is_drawn(console: SimpleNamespace) -> None:
    """A runbook, to which alerts link, is shown with its Markdown as HTML and its HTML as text."""
    page = console.client.get("/runbooks/ApiErrorRatioHigh").text
    assert "<h1>Look &amp; &lt;listen&gt;</h1>" in page
    assert '<a href="/runbooks/ApiErrorRatioHigh">' in console.client.get("/runbooks").text


@pytest.mark.parametrize("name", ["Nothing", "..%2Fsecret", "%2e%2e/secret", "x" * 200, "a%00b"])
def test_no_other_file_is_shown(console: SimpleNamespace, name: str) -> None:
    """A name that is not a runbook returns 404, wherever it points."""
    answer = console.client.get(f"/runbooks/{name}")
    assert answer.status_code == 404
    assert "secret" not in answer.text.replace(name, "").replace("/secret", "")


def test_alive_and_ready(console: SimpleNamespace) -> None:
    """Both probes return 200 while alerts and e-mails can be received."""
    assert console.client.get("/healthz").json == {"status": "alive"}
    ready = console.client.get("/readyz")
    assert (ready.status_code, ready.json["status"]) == (200, "ready")
    assert ready.json["dependencies"]["smtp"] == {"state": "up"}


def test_not_ready_without_mail_or_inbox(console: SimpleNamespace) -> None:
    """Readiness returns 503 with the parts that are down, and the process is still alive."""
    console.smtp.alive = False
    console.inbox.close()
    ready = console.client.get("/readyz")
    assert ready.status_code == 503
    assert {name: part["state"] for name, part in ready.json["dependencies"].items()} == {
        "inbox": "down",
        "smtp": "down",
    }
    assert console.client.get("/healthz").status_code == 200


def test_links_lead_to_pages_that_exist() -> None:
    """An absent server has no link, and a Jaeger without its page is linked to its API."""
    addresses = Addresses.from_env({"LOKI_URL": "none"})
    assert "Log store" not in dict(server_links(addresses, has_jaeger_page=True))
    assert dict(server_links(addresses, has_jaeger_page=True))["Jaeger"] == "http://127.0.0.1:16686/"
    assert dict(server_links(addresses, has_jaeger_page=False))["Jaeger"] == "http://127.0.0.1:16686/api/services"


def test_an_alerts_queries_become_links(recorded: Callable[[str], Any]) -> None:
    """The queries in an alert's annotations become links that run them."""
    links = query_links(recorded("webhook")["alerts"][0], Addresses.from_env({}))
    assert [link["title"] for link in links] == ["metrics", "logs"]
    assert links[0]["url"].startswith("http://127.0.0.1:9090/graph?g0.expr=sum+by+")
    assert "%7Bservice_name%3D%22api%22%7D" in links[1]["url"]


def test_an_answer_is_remembered_for_a_while() -> None:
    """A response is remembered for a time and requested again afterwards."""
    times, answers = iter([0.0, 5.0, 11.0, 11.0]), iter(["first", "second"])
    ask = remembered(lambda: next(answers), 10.0, lambda: next(times))
    assert [ask(), ask(), ask()] == ["first", "first", "second"]
