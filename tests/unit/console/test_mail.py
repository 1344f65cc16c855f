"""E-mails as inbox items."""

from __future__ import annotations

import json
from email.message import EmailMessage

import pytest

from console.inbox.mail import MAX_TEXT, email_item


def test_a_confirmation_is_decoded() -> None:
    """Subject, text, order ID, request ID and attachments of a confirmation are decoded."""
    message = EmailMessage()
    message["Subject"] = "Ihre Bestellung — bestätigt ✓"
    message["From"] = "Shop <shop@example.com>"
    message["To"] = "anna@example.com"
    message["X-Order-ID"] = "ord_1"
    message["X-Request-ID"] = "req-1"
    message.set_content("Danke! äöü\n")
    message.add_alternative("<p>Danke</p>", subtype="html")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="Rechnung.pdf")
    item = email_item(message.as_bytes(), "bounce@example.com", ["anna@example.com"])
    assert (item["subject"], item["text"]) == ("Ihre Bestellung — bestätigt ✓", "Danke! äöü\n")
    assert (item["order_id"], item["request_id"]) == ("ord_1", "req-1")
    assert (item["from"], item["to"]) == ("Shop <shop@example.com>", "anna@example.com")
    assert item["attachments"] == [{"name": "Rechnung.pdf", "type": "application/pdf"}]
    assert ["X-Order-ID", "ord_1"] in item["headers"]


def test_an_html_mail_becomes_text() -> None:
    """An HTML mail without a plain part is converted to text without its scripts."""
    content = b"Content-Type: text/html; charset=utf-8\r\n\r\n<p>One<br>two &amp; three</p><script>evil()</script>"
    assert email_item(content, "", [])["text"] == "One\ntwo & three"


GARBAGE = {
    "nothing": b"",
    "random bytes": bytes(range(256)) * 8,
    "no headers": b"\r\n\r\nonly a body",
    "unknown charset": b"Content-Type: text/plain; charset=klingon\r\n\r\nq\xffapla",
    "raw bytes in headers": b"Subject: \xff\xfe\r\nX-\xff: \xfe\r\nFrom: \xf0\x9f\r\n\r\n\xff",
    "broken encoded words": b"Subject: =?utf-8?q?=ff=fe?= =?bogus?x?=41?= =?utf-8?b?!!!?=\r\n\r\n.",
    "broken base64": b"Content-Transfer-Encoding: base64\r\n\r\n!!!not base64===",
    "boundary missing": b"Content-Type: multipart/mixed\r\n\r\n--x\r\n\r\nhello\r\n--x--",
    "boundary never closed": b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\nContent-Type: multipart/x',
    "address that breaks the parser": b'From: "\r\nTo: <@\r\nDate: never\r\nMessage-ID: <\r\n\r\n.',
    "parameters without end": b"Content-Type: text/plain; charset*0*=utf-8''%\r\nContent-Disposition: ;;;=\r\n\r\n.",
    "NULs and escapes": b"Subject: a\x00b\x1b[31mred\r\n\r\n\x00\x1b[2J",
    "thousand headers": b"X-Many: y\r\n" * 1000 + b"\r\nend",
    "message in message": b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninner text",
}


@pytest.mark.parametrize("content", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_becomes_an_item(content: bytes) -> None:
    """Any bytes become an item that can be stored, sent as UTF-8 and shown on a terminal."""
    item = email_item(content, "a\udcff@b", ["c@d"])
    text = json.dumps(item, ensure_ascii=False)
    assert text.encode("utf-8")
    assert "\\u001b" not in text
    assert "\\u0000" not in text
    assert len(item["headers"]) <= 100


def test_a_long_text_is_cut() -> None:
    """A very long text is truncated, and the item is marked as truncated."""
    item = email_item(b"Subject: s\r\n\r\n" + b"x" * (MAX_TEXT + 1), "", [])
    assert (len(item["text"]), item["truncated"]) == (MAX_TEXT, True)


def test_an_invalid_id_is_ignored() -> None:
    """A header that does not look like an ID is ignored, because IDs become part of queries and links."""
    item = email_item(b'X-Order-ID: "} | drop\r\nX-Request-ID: <script>\r\n\r\n', "", [])
    assert (item["order_id"], item["request_id"]) == (None, None)


def test_headers_that_are_alike_do_not_become_each_other() -> None:
    """A parsed header is reused only for the same name and value, so that similar headers are not confused."""
    plain = b"Content-Type: text/plain; charset=utf-8\r\nSubject: a\r\n b\r\n\r\n<p>x</p>"
    html = b"Content-Type: text/html; charset=utf-8\r\nSubject: c\r\n\r\n<p>x</p>"
    items = [email_item(content, "", []) for content in (plain, html, plain)]
    assert [item["text"] for item in items] == ["<p>x</p>", "x", "<p>x</p>"]
    assert [item["subject"] for item in items] == ["a b", "c", "a b"]
