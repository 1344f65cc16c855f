"""The image's entrypoint, which gives replicas their names."""

from __future__ import annotations

import struct

from deploy.compose import start


def test_a_replica_is_called_as_compose_calls_it() -> None:
    """A replica has the name that Compose gives it, whatever the project's name.

    Names of other containers are ignored.
    """
    assert start.replica("api", "glasshouse-api-1.glasshouse_back") == "api-1"
    assert start.replica("api", "my-own-shop-api-12") == "api-12"
    assert start.replica("api", "0f3a9c11d2e4") is None
    assert start.replica("api", "glasshouse-worker-1.glasshouse_back") is None


def test_a_question_is_a_dns_query_for_the_pointer() -> None:
    """A question is a DNS query for the pointer of the reversed address."""
    assert start.question("172.18.0.13") == (
        b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\x0213\x010\x0218\x03172\x07in-addr\x04arpa\0\0\x0c\0\x01"
    )


def test_the_answer_is_read_with_and_without_compression() -> None:
    """A DNS response is read with the name repeated and with a pointer to it, because engines differ."""
    asked = start.question("172.18.0.13")
    head = struct.pack(">6H", 1, 0x8180, 1, 1, 0, 0) + asked[12:]
    name = b"\x10glasshouse-api-2\x0fglasshouse_back\0"
    rest = struct.pack(">HHIH", 12, 1, 600, len(name)) + name
    assert start.first_label(asked, head + b"\xc0\x0c" + rest) == "glasshouse-api-2"
    assert start.first_label(asked, head + asked[12:-4] + rest) == "glasshouse-api-2"


def test_no_answer_is_no_name() -> None:
    """An error response and a response shorter than a header return no name."""
    asked = start.question("172.18.0.13")
    assert start.first_label(asked, struct.pack(">6H", 1, 0x8183, 1, 0, 0, 0) + asked[12:]) == ""
    assert start.first_label(asked, b"") == ""


def test_the_environment_gets_instance_and_log_file() -> None:
    """The environment gets the instance and the log file.

    Variables that are set are unchanged, and without LOG_DIR there is no file.
    """
    given = {"OTEL_SERVICE_NAME": "payments", "OBSERVABILITY_INSTANCE": "payments", "LOG_DIR": "/var/log/glasshouse"}
    assert start.completed(given)["OBSERVABILITY_LOG_FILE"] == "/var/log/glasshouse/payments.log"
    assert start.completed({**given, "OBSERVABILITY_LOG_FILE": "/x.log"})["OBSERVABILITY_LOG_FILE"] == "/x.log"
    assert "OBSERVABILITY_LOG_FILE" not in start.completed(
        {"OTEL_SERVICE_NAME": "api", "OBSERVABILITY_INSTANCE": "api-1"}
    )
    assert start.completed({}) == {}


def test_without_a_name_server_the_host_name_serves() -> None:
    """Without a name server the host name is used, so that a replica always has a name."""
    found = start.completed({"OTEL_SERVICE_NAME": "no-such-service"})
    assert found["OBSERVABILITY_INSTANCE"].startswith("no-such-service-")
