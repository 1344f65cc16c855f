"""Take the files out of their packages anew: ``python -m console.vendoring``. With ``--check`` only compare them.

npm fetches the packages and refuses those whose integrity is not that of the lock; none of their scripts is run.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from console.vendoring.files import HERE, SERVED, SUMS, TAKEN, differing, digest

_LIMIT_SECONDS = 300


def main() -> int:
    """Return the exit code: 1 if a file is not as it should be, or npm failed."""
    parser = argparse.ArgumentParser(prog="python -m console.vendoring", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; say what differs from the packages")
    check = parser.parse_args().check
    npm = shutil.which("npm")
    if npm is None:
        print("npm is needed to fetch the packages, and is not installed.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder)
        fetched = subprocess.run(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, timeout=_LIMIT_SECONDS, check=False
        )
        if fetched.returncode:
            return 1
        modules = Path(folder) / "node_modules"
        wrong = _compared(modules) if check else _taken(modules)
    print("\n".join(wrong) or f"{len(TAKEN)} files are those of the packages.")
    return 1 if wrong else 0


def _compared(modules: Path) -> list[str]:
    own = [
        f"{name} is not that of the package" for name, path in TAKEN.items() if _differs(SERVED / name, modules / path)
    ]
    return own + differing()


def _differs(served: Path, taken: Path) -> bool:
    return not served.is_file() or digest(served) != digest(taken)


def _taken(modules: Path) -> list[str]:
    for name, path in TAKEN.items():
        shutil.copyfile(modules / path, SERVED / name)
    SUMS.write_text("".join(f"{digest(SERVED / name)}  {name}\n" for name in sorted(TAKEN)), encoding="utf-8")
    return differing()


if __name__ == "__main__":
    raise SystemExit(main())
