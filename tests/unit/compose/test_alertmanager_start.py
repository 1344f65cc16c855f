"""The script that starts Alertmanager in its container creates the same configuration as the native launcher."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from stack.alertmanager_config import addresses, rendered
from tests.unit.compose.files import ROOT

SCRIPT = ROOT / "deploy" / "compose" / "alertmanager" / "start.sh"
CONFIG = ROOT / "alerts" / "alertmanager.yml"
CONSOLE = "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    "secrets", [[], ["slack_url"], ["pagerduty_key"], ["opsgenie_key"], ["slack_url", "pagerduty_key", "opsgenie_key"]]
)
def test_both_runtimes_leave_out_the_same(tmp_path: Path, secrets: list[str]) -> None:
    """Both runtimes create a byte-identical configuration from the same secrets.

    The script then starts the program with Compose's arguments.
    """
    mounted, run = tmp_path / "mounted", tmp_path / "run"
    (mounted / "secrets").mkdir(parents=True)
    (mounted / "alertmanager.yml").write_text(CONFIG.read_text())
    for name in secrets:
        (mounted / "secrets" / name).write_text("it is a secret\n")
    env = {
        "PATH": "/usr/bin:/bin",
        "FROM": str(mounted),
        "RUN": str(run),
        "CONSOLE_URL": CONSOLE,
        "ALERTMANAGER": "echo",
    }
    command = ["sh", str(SCRIPT), "--storage.path=/alertmanager"]
    for _ in range(2):  # a restarted container finds the files of the first start
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=20)
        assert done.stdout == "--config.file=alertmanager.yml --storage.path=/alertmanager\n"
        assert (run / "alertmanager.yml").read_text() == rendered(CONFIG.read_text(), "console:1025", mounted)
    assert (run / "addresses.tmpl").read_text() == addresses(CONSOLE)
    assert (run / "secrets").readlink() == mounted / "secrets"
    assert (run / "webhook_url").readlink() == mounted / "webhook_url"


def test_no_secret_gets_into_the_image() -> None:
    """The image and git exclude the folder of secrets.

    Its last line in .dockerignore excludes it, and git ignores its contents.
    """
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines.index("deploy/compose/alertmanager/secrets") > lines.index("!deploy/compose")
    ignored = (SCRIPT.parent / "secrets" / ".gitignore").read_text().splitlines()
    assert ignored[0] == "*"
    assert set(ignored[1:]) == {"!.gitignore", "!README.md"}
