"""The benchmarks that require the running stack produce measurements and equal counts. Each runs with a small load."""

from __future__ import annotations

import re

import pytest

from tests.e2e.conftest import Stack


def test_far_more_requests_than_are_traced_are_counted_and_logged_and_each_error_has_its_trace(stack: Stack) -> None:
    """The numbers of requests sent, counted and logged are equal, and each failed request has a trace in Jaeger."""
    done = stack.launcher("exec", "lab.bench.verify_counts", "--requests", "3000", "--errors", "150")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Jaeger: a trace for each of the" in done.stdout


def test_what_a_replica_counted_before_it_was_restarted_is_not_taken_for_what_it_counts_now(stack: Stack) -> None:
    """A restarted replica's old counts, which Prometheus returns until its next scrape, are not used."""
    for number in (1, 2):
        done = stack.launcher("exec", "lab.bench.verify_counts", "--requests", "300", "--errors", "10")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "sent: 290 × 200 /api/v1/products/<product_id>" in done.stdout
        if number == 1:
            assert stack.launcher("restart", "api-1", "api-2").returncode == 0


def test_what_a_fork_costs_is_measured(stack: Stack) -> None:
    """Both ways of forking are measured, then orders are placed at a rate, and every order is confirmed."""
    done = stack.launcher("exec", "lab.bench.jobs", "--rounds", "2", "--orders", "15", "--rate", "5", "--seconds", "2")
    assert done.returncode == 0, done.stderr
    costs = dict(re.findall(r"a fork for (each|500) jobs?.* ([\d.]+) ms/order", done.stdout))
    assert set(costs) == {"each", "500"}
    assert re.search(r"p50 [\d.]+ s  p95 [\d.]+ s", done.stdout)


def test_growth_is_measured_and_reported(stack: Stack) -> None:
    """The report has a table for each subject, with series and bytes as the servers report them."""
    done = stack.launcher("exec", "lab.bench.scaling", "--most", "1000")
    assert done.returncode == 0, done.stderr
    for said in ("| products |", "| orders |", "| accounts |", "api-1 ", "Bytes of log for each request"):
        assert said in done.stdout


@pytest.mark.parametrize(("module", "option"), [("lab.bench.jobs", "--rate=0"), ("lab.bench.scaling", "--most=ten")])
def test_what_cannot_be_measured_is_refused(stack: Stack, module: str, option: str) -> None:
    """An impossible measurement is rejected with status 2 before anything is started."""
    done = stack.launcher("exec", module, option)
    assert done.returncode == 2
    assert "error:" in done.stderr
