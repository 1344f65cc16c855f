"""Redaction of secrets in URLs, names and texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse_observability import TelemetrySettings
from glasshouse_observability.redaction import (
    DEFAULT_POLICY,
    NO_REDACTION,
    OTEL_QUERY_KEYS,
    RedactionPolicy,
    redact_query,
    redact_url,
)
from glasshouse_observability.redaction_text import Searches, redact_text


@pytest.mark.parametrize("key", sorted(OTEL_QUERY_KEYS))
def test_the_keys_of_opentelemetry_are_redacted(key: str) -> None:
    """Each key that OpenTelemetry's conventions list is redacted, and the key itself stays."""
    assert redact_query(f"a=1&{key}=s3cr3t&b=2") == f"a=1&{key}=REDACTED&b=2"
    assert redact_url(f"https://h/p?{key}=s3cr3t#f") == f"https://h/p?{key}=REDACTED#f"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("token=x", "token=REDACTED"),
        ("?access_token=x&page=2", "?access_token=REDACTED&page=2"),
        ("ACCESS-TOKEN=x", "ACCESS-TOKEN=REDACTED"),
        ("accessToken=x", "accessToken=REDACTED"),
        ("user[password]=x", "user[password]=REDACTED"),
        ("%74oken=x", "%74oken=REDACTED"),
        ("reset_token=x;code=y", "reset_token=REDACTED;code=REDACTED"),
        ("X-Amz-Signature=x&X-Amz-Credential=y&X-Amz-Date=z", None),
        ("next=https%3A%2F%2Fh%2F%3Ftoken%3Dx&q=1", "next=https%3A%2F%2Fh%2F%3Ftoken%3DREDACTED&q=1"),
        ("token=", "token="),
        ("q=tokens&author=x&monkey=y&keyboard=z&design=w", "q=tokens&author=x&monkey=y&keyboard=z&design=w"),
        ("", ""),
        ("&&==&", "&&==&"),
    ],
)
def test_secret_keys_of_a_query(query: str, expected: str | None) -> None:
    """Keys match without regard to case, separators and encoding; a key that only contains such a word does not."""
    if expected is None:
        expected = "X-Amz-Signature=REDACTED&X-Amz-Credential=REDACTED&X-Amz-Date=z"
    assert redact_query(query) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://user:pass@h/p", "https://REDACTED:REDACTED@h/p"),
        ("https://token@h/p", "https://REDACTED@h/p"),
        ("redis://:pass@h:6379/0", "redis://REDACTED:REDACTED@h:6379/0"),
        ("mongodb://u:p@ss/w?rd@a:1,b:2/db", "mongodb://REDACTED:REDACTED@a:1,b:2/db"),
        ("https://h:8080/@name/p?a=b@c", "https://h:8080/@name/p?a=b@c"),
        ("https://h/@name", "https://h/@name"),
        ("https://h/cb#access_token=x&state=1", "https://h/cb#access_token=REDACTED&state=1"),
        ("/account;jsessionid=x?page=1", "/account;jsessionid=REDACTED?page=1"),
    ],
)
def test_secret_parts_of_a_url(url: str, expected: str) -> None:
    """User, password and secret values in path parameters, query and fragment are redacted."""
    assert redact_url(url) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer SECRET1",
        "Authorization: Basic SECRET1=",
        "headers={'Authorization': 'Bearer SECRET1', 'Accept': '*/*'}",
        'headers={"Cookie": "a=SECRET1; b=SECRET2"}',
        "Set-Cookie: session=SECRET1; Path=/",
        "X-Api-Key: SECRET1",
        "[('X-Auth-Token', 'SECRET1')]",
        "bearer header was Bearer SECRET1.x",
        "password=SECRET1 for user=5",
        "password: SECRET1",
        "{'db_password': 'SECRET1 with blanks', 'n': 1}",
        '{"client_secret": "SECRET1"}',
        '{\\"api_key\\": \\"SECRET1\\"}',
        "Max retries exceeded with url: /x?api_key=SECRET1&a=1 (Caused by …)",
        "cannot connect to postgresql://app:SECRET1@db/shop",
        "Command # 2 (SET session:1 SECRET1) of pipeline caused error: OOM",
        "jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJTRUNSRVQxIn0.SECRET1",
        "-----BEGIN RSA PRIVATE KEY-----\nSECRET1\n-----END RSA PRIVATE KEY-----",
        "run --token=SECRET1 --port=80",
        "SECRET_KEY='SECRET1'",
    ],
)
def test_secrets_in_a_text(text: str) -> None:
    """Secrets with a name or another mark are redacted, also by the search that tests for words first."""
    for redacted in (redact_text(text), Searches(DEFAULT_POLICY).redact(text)):
        assert "SECRET1" not in redacted.replace("SECRET_KEY", "")
        assert "SECRET2" not in redacted
        assert "REDACTED" in redacted
    assert redact_text(text, NO_REDACTION) == text == Searches(NO_REDACTION).redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "order accepted",
        "GET /orders/<int:id> 200",
        "Invalid password: must be at least 8 characters",
        "cache miss key=product:1",
        "if token == expected:",
        "tokens=12 monkey=3",
        "KeyError: 'key'",
        "code: 42",
        "Basic authentication is required",
        "see https://example.org/a?page=2&sort=asc",
        "2026-11-28T10:00:00Z a=b",
        "Token refresh took 5 ms",
        "user@example.org wrote: hello",
    ],
)
def test_ordinary_texts_stay(text: str) -> None:
    """A text without a secret is unchanged."""
    assert redact_text(text) == text


@pytest.mark.parametrize(
    "part",
    ["a", "://a:", "x-", "eyJ-", "a=", "a: ", "?a=", "%3d", "bearer ", "a='", 'token\\"', "-----BEGIN A ", "a.b-c["],
)
def test_a_long_text_of_any_form_is_searched_in_linear_time(part: str) -> None:
    """A long text that begins many patterns and completes none is searched; with quadratic time this would not end."""
    text = f"{part * (400_000 // len(part))} @ token=x1"
    assert redact_text(text).endswith("REDACTED")


@given(st.text(st.characters(), max_size=200))
def test_any_text_is_accepted(text: str) -> None:
    """No text makes redaction raise, and redacting twice changes nothing more."""
    once = redact_text(text)
    assert redact_text(once) == once
    redact_query(text)
    redact_url(text)


@given(
    st.sampled_from(sorted(DEFAULT_POLICY.names | DEFAULT_POLICY.query_keys)),
    st.sampled_from([str.upper, str.title, str.lower]),
    st.sampled_from(["_", "-", "", "."]),
)
def test_every_spelling_is_found_by_the_search_for_words(name: str, case: object, separator: str) -> None:
    """The search for words misses no spelling of a name of the policy."""
    spelled = case(name).replace("_", separator)  # type: ignore[operator]
    assert Searches(DEFAULT_POLICY).redact(f"/p?{spelled}=x1") == f"/p?{spelled}=REDACTED"


@pytest.mark.parametrize(
    ("name", "is_secret"),
    [
        ("password", True),
        ("user_password", True),
        ("http.request.header.authorization", True),
        ("http.request.header.set_cookie", True),
        ("X-API-Key", True),
        ("accessToken", True),
        ("AWSAccessKeyId", True),
        ("prompt_tokens", False),
        ("token_count", False),
        ("author", False),
        ("code", False),
        ("key", False),
        ("session", False),
        ("", False),
    ],
)
def test_secret_names(name: str, is_secret: bool) -> None:
    """A name is secret if its last words are, in any spelling."""
    assert DEFAULT_POLICY.is_secret(name) is is_secret


def test_a_policy_can_have_other_names() -> None:
    """Names can be added to the policy, replace it, or be set in the environment, where "off" disables it."""
    added = DEFAULT_POLICY.adding("iban")
    assert redact_query("iban=x&token=y", added) == "iban=REDACTED&token=REDACTED"
    only = RedactionPolicy(names=frozenset({"iban"}), query_keys=frozenset({"iban"}))
    assert redact_query("iban=x&token=y", only) == "iban=REDACTED&token=y"
    assert Searches(added).redact("IBAN: DE12") == "IBAN: REDACTED"

    def policy(value: str) -> RedactionPolicy:
        return TelemetrySettings.from_env({"OTEL_SERVICE_NAME": "api", "OBSERVABILITY_REDACT": value}).redaction

    assert policy("iban, tax_id").is_secret("customer_iban")
    assert policy("iban, tax_id").is_secret("token")
    assert policy("on") == DEFAULT_POLICY == TelemetrySettings(service="api").redaction
    assert policy("off") == NO_REDACTION
