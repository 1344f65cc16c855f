"""The API against its own OpenAPI document: schemathesis generates requests and checks each response.

The requests are valid and invalid. No response may be a 5xx, and each must have a status, a media type and a body that
the document describes.
"""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shop.domain.account import Role
from tests.unit.app.conftest import Faulty

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
OPERATIONS = 27
EXAMPLES = 25


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_answer_is_described(faulty: Faulty, mode: GenerationMode) -> None:
    """The document describes every response to valid and invalid requests, from a guest and from an admin.

    The fault switch is included.
    """
    api = faulty.api
    document = schemathesis.openapi.from_wsgi("/api/openapi.json", api.client.application)
    token = api.log_in("root@example.com", Role.ADMIN)["access_token"]
    operations = [found.ok() for found in document.get_all_operations()]
    assert len(operations) == OPERATIONS
    if mode is GenerationMode.NEGATIVE:
        # An operation without input cannot receive invalid input.
        operations = [one for one in operations if one.body or one.query or one.path_parameters]
    for operation in operations:

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: schemathesis.Case) -> None:
            case.call_and_validate(checks=CHECKS)
            case.call_and_validate(checks=CHECKS, headers=api.as_(token))

        ask()
