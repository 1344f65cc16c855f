"""Options of the commands: what they write, and the clear refusal of what would make an alert wrong or silent."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from glasshouse_observability.metrics.buckets import LATENCY_BUCKETS
from glasshouse_observability.monitoring.command import main
from library_support.promtool import check_rules, promtool

SHOP = ("--service", "shop")


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the error of a command that is refused with status 2 and writes nothing."""
    assert main(arguments) == 2
    written = capsys.readouterr()
    assert written.out == ""
    return written.err


def written(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rules",), "the following arguments are required: --service"),
        (("alerts", *SHOP), "invalid choice: 'alerts' (choose from 'rules', 'dashboard')"),
        (("rules", *SHOP, "--without", "mongo"), "choose from 'http', 'jobs', 'databases', 'http-client', 'slo'"),
        (("rules", *SHOP, "--latency", "1"), "unrecognized arguments: --latency 1"),
        (("rules", *SHOP, "--latency-seconds", "0.3"), "use one of 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5,"),
        (("rules", *SHOP, "--latency-seconds", "nan"), "--latency-seconds nan is not a bucket boundary"),
        (("rules", *SHOP, "--availability", "93"), "would fire only above 14.4 × 0.07 = 1.008 of all events"),
        (("rules", *SHOP, "--availability", "90"), "use an objective above 93.06, or --without slo"),
        (("rules", *SHOP, "--latency-objective", "50"), "--latency-objective 50: the tier page-fast"),
        (("rules", *SHOP, "--job-objective", "100"), "--job-objective 100: an objective is a percentage above 0 and"),
        (("rules", *SHOP, "--availability", "high"), "'high' is not a percentage such as 99.9"),
        (("rules", *SHOP, "--availability", "Infinity"), "'Infinity' is not a percentage such as 99.9"),
        (("rules", *SHOP, "--queue-age-seconds", "0"), "use a number of seconds above 0"),
        (("rules", *SHOP, "--selector", "job=web"), "write them like 'job=\"web\"'"),
        (("rules", *SHOP, "--selector", "{}"), "is not a list of label matchers"),
        (("rules", *SHOP, "--selector", 'job="web" env="x"'), "is not a list of label matchers"),
        (("rules", *SHOP, "--selector", r'job=~"web\d"'), r"\d is no escape of PromQL; write \\d in a regular"),
        (("rules", *SHOP, "--selector", '__name__="up"'), "__name__ is not supported"),
        (("rules", *SHOP, "--selector", 'job="a\nb"'), "contains a line break"),
        (("rules", *SHOP, "--exclude-routes", "/(x"), "is not a regular expression"),
        (("rules", *SHOP, "--exclude-routes", "(?!/api).*"), "Prometheus does not support (?!"),
        (("rules", *SHOP, "--without", "jobs", "--jobs-selector", 'job="w"'), "has no effect with --without jobs"),
        (("rules", "--service", "a{{b"), "use 1 to 100 letters, digits, spaces and"),
        (("rules", "--service", ""), "use 1 to 100 letters, digits, spaces and"),
        (("rules", *SHOP, "--runbook-url", "https://x/{{y"), "Prometheus would expand {{ as a template"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_wrong_option_is_refused_with_what_to_do(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    """A wrong option ends with status 2 and a message that names the option, its value and a correct one."""
    # argparse quotes the choices since Python 3.12 only in some messages.
    assert message.replace("'", "") in " ".join(refused(capsys, *arguments).replace("'", "").split())


def test_without_a_command_the_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Without arguments the help is an error; with ``--help`` it is not. Each option has a help text."""
    assert "write Prometheus rules" in refused(capsys)
    assert "write a Grafana dashboard" in written(capsys, "--help")
    for command in ("rules", "dashboard"):
        help_text = written(capsys, command, "--help")
        assert f"usage: python -m glasshouse_observability {command} --service NAME [options]" in help_text
        for option in (
            "--selector",
            "--without",
            "--availability",
            "--latency-seconds",
            "--exclude-routes",
            "--output",
        ):
            assert f"\n  {option}" in help_text


@pytest.mark.parametrize("name", ["shop", "my.shop_2", "Läden", "a b", "true", "1.5", "x:", "a: b"])
def test_names_of_services_are_written_safely(capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str) -> None:
    """Names that YAML or PromQL could read differently are quoted; the label has exactly the name."""
    text = written(capsys, "rules", "--service", name)
    assert "SUCCESS" in check_rules(tmp_path, text)
    labels = {rule["labels"]["service"] for group in yaml.safe_load(text)["groups"] for rule in group["rules"]}
    assert labels == {name}


@pytest.mark.parametrize("seconds", LATENCY_BUCKETS)
def test_each_boundary_can_be_the_latency(capsys: pytest.CaptureFixture[str], tmp_path: Path, seconds: float) -> None:
    """Every bucket boundary is accepted, as the exporter and Prometheus 3 write it (``1.0``) or without fraction."""
    text = written(capsys, "rules", *SHOP, "--latency-seconds", f"{seconds:g}")
    check_rules(tmp_path, text)
    whole = int(seconds)
    assert (f'le=~"{whole}|{whole}[.]0"' if seconds == whole else f'le="{seconds}"') in text


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--without", "jobs"),
        ("--without", "http"),
        ("--without", "http", "--jobs-selector", 'job="worker"'),
        ("--without", "slo", "--availability", "50"),
        tuple(word for part in ("http", "jobs", "databases", "http-client", "slo") for word in ("--without", part)),
        ("--selector", "{job=~'web|api', env!=\"dev\",}", "--jobs-selector", r'job=~"w\\d+"'),
        ("--exclude-routes", ""),
        ("--exclude-routes", r'/a/"b"/\d+'),
        ("--runbook-url", "https://wiki.example/{alert}"),
        ("--availability", "99.99%", "--latency-objective", "99.5", "--job-objective", "95"),
    ],
    ids=" ".join,
)
def test_prometheus_accepts_the_rules(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, options: tuple[str, ...]
) -> None:
    """Prometheus accepts the rules of every combination of parts and options, and reports no duplicate."""
    checked = check_rules(tmp_path, written(capsys, "rules", *SHOP, *options))
    assert "SUCCESS" in checked
    assert "duplicate" not in checked


def test_parts_that_are_left_out_leave_no_trace(capsys: pytest.CaptureFixture[str]) -> None:
    """Rules and dashboard of an application without a part contain none of its metrics."""
    metrics = {
        "http": "http_server_",
        "jobs": "rq_",
        "databases": "db_client_",
        "http-client": "http_client_",
        "slo": "slo:",
    }
    for command in ("rules", "dashboard"):
        for part, metric in metrics.items():
            assert metric in written(capsys, command, *SHOP)
            assert metric not in written(capsys, command, *SHOP, "--without", part)


def test_the_runbook_address_has_the_name_of_the_alert(capsys: pytest.CaptureFixture[str]) -> None:
    """``{alert}`` is replaced; an address without it gets an anchor."""
    text = written(capsys, "rules", *SHOP, "--runbook-url", "https://wiki.example/{alert}.html")
    assert "runbook_url: 'https://wiki.example/ServiceDown.html'" in text
    text = written(capsys, "rules", *SHOP, "--runbook-url", "https://wiki.example/x")
    assert "runbook_url: 'https://wiki.example/x#servicedown'" in text


def test_the_first_line_repeats_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The file states how to write it again, in one comment line."""
    first = written(capsys, "rules", *SHOP, "--selector", 'job="web"').splitlines()[0]
    assert first == """# Written by: python -m glasshouse_observability rules --service shop --selector 'job="web"'"""


def test_an_existing_file_is_replaced_as_a_whole_and_keeps_its_permissions(tmp_path: Path) -> None:
    """A new file can be read by Prometheus's user; an existing one keeps its permissions; a link stays a link."""
    file, link = tmp_path / "rules.yml", tmp_path / "link.yml"
    link.symlink_to(file)
    old = os.umask(0o022)
    try:
        assert main(["rules", *SHOP, "--output", str(link)]) == 0
    finally:
        os.umask(old)
    assert link.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    promtool("check", "rules", file)
    file.chmod(0o640)
    assert main(["rules", *SHOP, "--output", str(file), "--without", "jobs"]) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert "rq_" not in file.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.yml", "rules.yml"]


def test_a_refused_command_leaves_the_old_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong option or a folder that does not exist changes no file."""
    file = tmp_path / "rules.yml"
    file.write_text("old")
    assert main(["rules", *SHOP, "--output", str(file), "--latency-seconds", "3"]) == 2
    assert main(["rules", *SHOP, "--output", str(tmp_path / "none" / "rules.yml")]) == 1
    assert f"cannot write --output {tmp_path}/none/rules.yml: No such file or directory" in capsys.readouterr().err
    assert file.read_text() == "old"


def test_the_command_runs_without_flask_or_any_client(tmp_path: Path) -> None:
    """The command needs only the standard library: it runs on a machine without the application's packages."""
    check = (
        "import sys; from glasshouse_observability.monitoring.command import main;"
        f"main(['rules', '--service', 'x', '--output', {str(tmp_path / 'r.yml')!r}]);"
        "main(['dashboard', '--service', 'x', '--output', '/dev/null']);"
        "print([m for m in ('flask', 'rq', 'redis', 'pymongo', 'requests', 'gunicorn', 'opentelemetry', 'yaml')"
        " if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-16"])
def test_the_output_is_utf8(encoding: str) -> None:
    """The encoding of the terminal does not change the file that the shell writes."""
    for command in ("rules", "dashboard"):
        ran = subprocess.run(
            [sys.executable, "-m", "glasshouse_observability", command, "--service", "Läden"],
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONIOENCODING": encoding},
        )
        assert "Läden" in ran.stdout.decode("utf-8")


def test_a_reader_that_ends_early_causes_no_traceback() -> None:
    """``… rules | head -1`` prints one line and no traceback."""
    command = f"{sys.executable} -m glasshouse_observability dashboard --service x | head -1"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("{\n", "")


def _steps(model: Any) -> list[float]:
    return [
        step["value"] for step in model["fieldConfig"]["defaults"]["thresholds"]["steps"] if step["value"] is not None
    ]


def test_the_dashboards_limits_are_those_of_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    """The lines of the panels are the limits of the alerts, from the same options."""
    text = written(capsys, "dashboard", *SHOP, "--latency-seconds", "2.5", "--queue-age-seconds", "60")
    panels = {panel["title"]: panel for panel in json.loads(text)["panels"]}
    assert _steps(panels["Duration"]) == [2.5]
    assert _steps(panels["Oldest waiting job"]) == [60]
    assert _steps(panels["Error ratio"]) == [0.05]
    assert Decimal("14.4") == Decimal(str(_steps(panels["Burn rate over 1 hour"])[0]))
