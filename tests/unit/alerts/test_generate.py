"""The alert rule generator: the files that it writes and the errors that it reports for invalid input."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerts.generate import FOLDER, main
from glasshouse_observability.metrics.buckets import LATENCY_BUCKETS

SPEC = """
version: prometheus/v1
service: shop-front
labels: {team: web}
slos:
  - name: pages
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(pages_total{code=~"5.."}[{{.window}}]))
        total_query: sum(rate(pages_total[{{ .window }}]))
    alerting:
      name: PagesBurn
      labels: {layer: budget}
      annotations: {runbook_url: "https://runbooks.example/pages"}
      page_alert: {labels: {severity: critical}}
      ticket_alert: {disable: true}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    file = tmp_path / "mine.yaml"
    file.write_text(SPEC)
    return file


def generate(spec: Path, *more: str) -> int:
    return main(["--spec", str(spec), "--out", str(spec.parent / "rules"), *more])


def rules(spec: Path) -> list[dict[str, Any]]:
    groups = yaml.safe_load((spec.parent / "rules" / "slo-shop-front.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_committed_files_are_current() -> None:
    """Generating the committed rule files again changes nothing."""
    command = [sys.executable, "-m", "alerts.generate", "--check"]
    done = subprocess.run(command, cwd=FOLDER.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_objective_on_latency_has_its_bucket() -> None:
    """The latency histogram has a bucket that ends at 500 ms, which the latency objective counts against."""
    assert 0.5 in LATENCY_BUCKETS


def test_a_spec_of_ones_own_becomes_rules(spec: Path) -> None:
    """A custom spec produces rules with its own labels and annotations, and without the alert that it disables.

    Its labels and annotations take precedence over the generated ones.
    """
    assert generate(spec) == 0
    alerts = [rule for rule in rules(spec) if "alert" in rule]
    assert [(rule["alert"], rule["labels"]["tier"]) for rule in alerts] == [
        ("PagesBurn", "page-fast"),
        ("PagesBurn", "page-slow"),
    ]
    labels = {"slo": "pages", "service": "shop-front", "team": "web", "severity": "critical", "layer": "budget"}
    assert alerts[0]["labels"] == {**labels, "tier": "page-fast"}
    assert alerts[0]["annotations"]["runbook_url"] == "https://runbooks.example/pages"
    assert "{{ $value" in alerts[0]["annotations"]["summary"]
    recorded = {rule["record"]: rule["expr"] for rule in rules(spec) if "record" in rule}
    assert recorded["slo:sli_events:rate1h"] == "sum(rate(pages_total[1h]))"


def test_current_and_outdated_output_is_reported(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--check` reports missing and outdated files and writes nothing."""
    assert generate(spec, "--check") == 1
    assert not (spec.parent / "rules").exists()
    generate(spec)
    assert generate(spec, "--check") == 0
    (spec.parent / "rules" / "slo-shop-front.yml").write_text("groups: []\n")
    capsys.readouterr()
    assert generate(spec, "--check") == 1
    assert "slo-shop-front.yml is not current" in capsys.readouterr().err


def test_a_service_that_is_gone_takes_its_file_with_it(spec: Path) -> None:
    """A service that is removed from a spec loses its rule file; files of other specs and handwritten files stay."""
    generate(spec)
    other = spec.with_name("other.yaml")
    other.write_text(SPEC.replace("shop-front", "billing"))
    generate(other)
    own = spec.parent / "rules" / "slo-by-hand.yml"
    own.write_text("groups: []\n")
    spec.write_text(SPEC.replace("shop-front", "shop-window"))
    generate(spec)
    names = {file.name for file in own.parent.iterdir()}
    assert names == {"slo-shop-window.yml", "slo-billing.yml", "slo-by-hand.yml", "slo-unmeasured.yml"}


WRONG = [
    ("prometheus/v1", "sloth/v2", "version: Input should be 'prometheus/v1'"),
    ("objective: 99.9", "objective: 100", "slos[0] (pages).objective: Input should be less than 100"),
    ("objective: 99.9", "objektive: 99.9", "slos[0] (pages).objektive: is not supported"),
    ("objective: 99.9", "objective: 90", "the tier page-fast would only fire above 14.4 × 0.1 = 1.44 of all events"),
    ("[{{ .window }}]", "[5m]", "total_query must use the range [{{.window}}]"),
    ("      events:", "      raw:", "slos[0] (pages).sli: raw is a ratio without counts"),
    ("      events:", "      plugin:", "slos[0] (pages).sli: plugins are programs of Sloth"),
    ("      name: PagesBurn\n", "", "slos[0] (pages).alerting: name: is required"),
    ("{team: web}", "{slo: mine}", "labels: slo is set by the generator"),
    ("{team: web}", "{a-b: mine}", "labels.a-b"),
    ("service: shop-front", "service: ../shop", "service: String should match pattern"),
    ("slos:\n", "slos: []\nmore:\n", "slos: List should have at least 1 item"),
    (SPEC, "", "is empty; a document begins with version: prometheus/v1"),
    (SPEC, "a: [", "cannot be read"),
    (SPEC, SPEC + "---" + SPEC, "document 2: service: shop-front has a document already"),
    (SPEC, SPEC + SPEC[SPEC.index("  - name") :], "slos: pages is defined twice"),
]


@pytest.mark.parametrize(("old", "new", "said"), WRONG, ids=[said[:40] for _, _, said in WRONG])
def test_what_is_wrong_is_named_with_its_place(
    spec: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, said: str
) -> None:
    """An invalid spec is reported with its file, the position and the expected value, and nothing is written."""
    assert old in SPEC
    spec.write_text(SPEC.replace(old, new))
    assert generate(spec) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.startswith(f"{spec}: ")
    assert not (spec.parent / "rules").exists()


def test_a_low_objective_is_fine_without_the_alert(spec: Path) -> None:
    """An objective too low for the alert to fire is accepted if the alert is disabled."""
    spec.write_text(SPEC.replace("99.9", "90").replace("{labels: {severity: critical}}", "{disable: true}"))
    assert generate(spec) == 0
    assert [rule for rule in rules(spec) if "alert" in rule] == []


WRONG_WINDOWS = [
    ("factor", 14, "tiers.page-fast: spending 0.02 of 30d in 1h is a factor of 14.4, not 14"),
    ("short", "2h", "tiers.page-fast: short (2h) < long (1h)"),
    ("for", "three", "tiers.page-fast.for: 'three' is not a duration"),
    ("severity", "shout", "tiers.page-fast.severity: Input should be 'page' or 'ticket'"),
    ("errors", 0, "tiers.page-fast.errors: Input should be greater than or equal to 1"),
    ("patience", "1h", "tiers.page-fast.patience: is not supported"),  # prose: ignore
]


@pytest.mark.parametrize(("key", "value", "said"), WRONG_WINDOWS, ids=[key for key, _, _ in WRONG_WINDOWS])
def test_wrong_windows_are_named_too(
    spec: Path, capsys: pytest.CaptureFixture[str], key: str, value: object, said: str
) -> None:
    """Invalid windows are reported, including numbers that are inconsistent with each other."""
    document = yaml.safe_load((FOLDER / "windows.yaml").read_text())
    document["tiers"]["page-fast"][key] = value
    windows = spec.with_name("windows.yaml")
    windows.write_text(yaml.safe_dump(document))
    assert generate(spec, "--windows", str(windows)) == 2
    assert said in capsys.readouterr().err


def test_ones_own_rules_do_not_go_among_ours(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--spec` without `--out` is refused."""
    with pytest.raises(SystemExit):
        main(["--spec", str(spec)])
    assert "--spec requires --out" in capsys.readouterr().err


def test_promtool_takes_what_is_written(spec: Path) -> None:
    """promtool accepts the rules that a custom spec produces."""
    promtool = shutil.which("promtool")
    assert promtool, "promtool is missing: it is installed with Prometheus"
    generate(spec)
    files = sorted(map(str, (spec.parent / "rules").iterdir()))
    subprocess.run([promtool, "check", "rules", *files], check=True, capture_output=True)


def test_the_example_of_the_docs_is_true(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The example in docs/explanation/slos.md produces the files and the error that the page shows."""
    docs = (FOLDER.parent / "docs" / "explanation" / "slos.md").read_text()
    example = re.search(r"```yaml\n(.*?)```", docs, re.DOTALL)
    refusal = re.search(r"^billing\.yaml: (.*)$", docs, re.MULTILINE)
    assert example
    assert refusal
    spec = tmp_path / "billing.yaml"
    spec.write_text(example[1])
    assert generate(spec) == 0
    assert {file.name for file in (tmp_path / "rules").iterdir()} == {"slo-billing.yml", "slo-unmeasured.yml"}
    capsys.readouterr()
    spec.write_text(example[1].replace("99.9", "90"))
    assert generate(spec) == 2
    assert capsys.readouterr().err == f"{spec}: {refusal[1]}\n"
