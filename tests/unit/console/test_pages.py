"""The pages, and the probes."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from console.addresses import Addresses
from console.links import query_links, remembered, server_links
from console.mail import email_item


def test_an_empty_inbox_says_what_will_come(console: SimpleNamespace) -> None:
    """The first page of a fresh installation is no blank."""
    page = console.client.get("/").text
    assert "No alert has arrived yet" in page
    assert "No e-mail has arrived yet" in page


def test_the_page_shows_alerts_and_mails(console: SimpleNamespace, recorded: Callable[[str], Any]) -> None:
    """Status, summary, links and the mail's text are there, and the way to the other servers."""
    console.client.post("/api/alerts/webhook", json=recorded("webhook"))
    console.inbox.add("email", email_item(b"Subject: Your order\r\nX-Order-ID: ord_1\r\n\r\nThank you.", "", []))
    page = console.client.get("/").text
    for text in ("firing", "24.34% of the requests", "/runbooks/ApiErrorRatioHigh", "Thank you.", 'data-newest="2"'):
        assert text in page
    assert "http://127.0.0.1:8000/api/v1/orders/ord_1" in page
    assert "http://127.0.0.1:9093/" in page
    assert "Thank you." not in console.client.get("/?kind=alert").text


def test_what_others_wrote_is_escaped(console: SimpleNamespace, recorded: Callable[[str], Any]) -> None:
    """Markup in an alert or a mail is shown, never run."""
    evil = "<script>alert(1)</script>"
    payload = recorded("webhook")
    payload["commonAnnotations"]["summary"] = evil
    payload["alerts"][0]["labels"][evil] = evil
    payload["alerts"][0]["annotations"]["dashboard_url"] = "javascript:alert(1)"
    assert console.client.post("/api/alerts/webhook", json=payload).status_code == 200
    console.inbox.add("email", email_item(f"Subject: {evil}\r\n\r\n{evil}".encode(), evil, [evil]))
    page = console.client.get("/").text
    assert evil not in page
    assert "javascript:" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("path", ["/", "/api/inbox", "/nowhere", "/static/refresh.js"])
def test_every_answer_forbids_scripts_of_others(console: SimpleNamespace, path: str) -> None:
    """The policy allows files of this server only, nothing inline, no framing."""
    with console.client.get(path) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_has_nothing_inline(console: SimpleNamespace) -> None:
    """What the policy would block is not in the page."""
    page = console.client.get("/").text
    assert " style=" not in page
    assert "<style" not in page
    assert page.count("<script") == page.count('<script type="module" src="/static/refresh.js"') == 1


def test_a_runbook_is_shown(console: SimpleNamespace) -> None:
    """The page that alerts link to, with the file's text as it is."""
    assert "# Look &amp; &lt;listen&gt;" in console.client.get("/runbooks/ApiErrorRatioHigh").text


@pytest.mark.parametrize("name", ["Nothing", "..%2Fsecret", "%2e%2e/secret", "x" * 200, "a%00b"])
def test_no_other_file_is_shown(console: SimpleNamespace, name: str) -> None:
    """404 for what is no runbook, wherever the name points."""
    answer = console.client.get(f"/runbooks/{name}")
    assert answer.status_code == 404
    assert "secret" not in answer.text.replace(name, "").replace("/secret", "")


def test_alive_and_ready(console: SimpleNamespace) -> None:
    """Both probes answer 200 while alerts and mail can be received."""
    assert console.client.get("/healthz").json == {"status": "alive"}
    ready = console.client.get("/readyz")
    assert (ready.status_code, ready.json["status"]) == (200, "ready")
    assert ready.json["dependencies"]["smtp"] == {"state": "up"}


def test_not_ready_without_mail_or_inbox(console: SimpleNamespace) -> None:
    """503 names what is down; the process is still alive."""
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
    """A server that is absent is not linked; Jaeger without its page is linked where it answers."""
    addresses = Addresses.from_environ({"LOKI_URL": ""})
    assert "Loki" not in dict(server_links(addresses, has_jaeger_page=True))
    assert dict(server_links(addresses, has_jaeger_page=True))["Jaeger"] == "http://127.0.0.1:16686/"
    assert dict(server_links(addresses, has_jaeger_page=False))["Jaeger"] == "http://127.0.0.1:16686/api/services"


def test_an_alerts_queries_become_links(recorded: Callable[[str], Any]) -> None:
    """The queries of its annotations can be run by a click."""
    links = query_links(recorded("webhook")["alerts"][0], Addresses.from_environ({}))
    assert [link["title"] for link in links] == ["metrics", "logs"]
    assert links[0]["url"].startswith("http://127.0.0.1:9090/graph?g0.expr=sum+by+")
    assert "%7Bservice_name%3D%22api%22%7D" in links[1]["url"]


def test_an_answer_is_remembered_for_a_while() -> None:
    """The question is asked again only when its answer is old."""
    times, answers = iter([0.0, 5.0, 11.0, 11.0]), iter(["first", "second"])
    ask = remembered(lambda: next(answers), 10.0, lambda: next(times))
    assert [ask(), ask(), ask()] == ["first", "first", "second"]
