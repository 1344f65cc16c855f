"""The order in which tests run."""

from __future__ import annotations

import random

from tests.order import FIRST, LAST, place
from tests.parallel.part import ROOT


def in_order(*names: str) -> list[str]:
    shuffled = list(names)
    random.Random(7).shuffle(shuffled)
    return sorted(shuffled, key=place)


def test_quick_folders_come_first() -> None:
    """Folders of quick tests run first, because unit tests find most mistakes."""
    names = [f"tests/{folder}/test_x.py::test" for folder in ("unit", "rules", "integration", "e2e", "compose")]
    assert in_order(*names) == names


def test_an_outage_ends_before_the_next_page_and_kills_come_last() -> None:
    """An outage ends before the next page is expected, and tests that kill processes come last.

    The resolved notification is asserted after the page tests and before the fault that is followed in the browser.
    """
    names = [
        "tests/e2e/test_order.py::test_everything_is_up",
        "tests/e2e/test_outages.py::test_an_outage_is_notified_by_webhook_and_by_mail",
        "tests/e2e/test_pages.py::test_logs_are_live",
        "tests/e2e/test_outages.py::test_recovery_is_notified_by_webhook_and_by_mail",
        "tests/e2e/test_pages.py::test_fault_switched_on_in_the_page_leads_to_an_alert_in_the_page",
        "tests/e2e/test_load.py::test_the_counts_are_equal",
        "tests/e2e/test_log_store.py::test_every_line_is_found_once",
        "tests/e2e/test_rolling_restart.py::test_a_rolling_restart_drops_no_request",
        "tests/e2e/test_outages.py::test_a_killed_process_is_restarted[redis]",
    ]
    assert in_order(*names) == names


def test_named_tests_exist() -> None:
    """Every test in the lists of first and last tests exists.

    A mistyped name would leave its test at a place where other tests inhibit its alert.
    """
    for name in (*FIRST, *LAST):
        file, _, test = name.partition("::")
        assert f"def {test}" in (ROOT / "tests" / "e2e" / file).read_text(), name
