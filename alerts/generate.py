"""Generate the rules of objectives: ``python -m alerts.generate``. With ``--check``, only compare the files.

To use your own objectives, in Sloth's prometheus/v1 spec:

    python -m alerts.generate --spec my-slos.yaml --out my-rules/ [--windows my-windows.yaml]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from alerts.generator import reading, windows
from alerts.generator.errors import WrongFile
from alerts.generator.output import files, head

FOLDER = Path(__file__).parent
SPEC, WINDOWS, RULES = FOLDER / "slos.yaml", FOLDER / "windows.yaml", FOLDER / "rules"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m alerts.generate",
        description=(__doc__ or "").replace("`", ""),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--check", action="store_true", help="write no files; exit with status 1 if a file is not current"
    )
    parser.add_argument("--spec", type=Path, default=SPEC, help="file with objectives (default: alerts/slos.yaml)")
    parser.add_argument(
        "--windows", type=Path, default=WINDOWS, help="file with windows and tiers (default: alerts/windows.yaml)"
    )
    parser.add_argument("--out", type=Path, help="output folder for slo-<service>.yml (default: alerts/rules)")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Write the files, or compare them with ``--check``. Return 1 if one is not current, 2 if an input is invalid."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    if asked.spec != SPEC and asked.out is None:
        parser.error("--spec requires --out: your rules do not belong in alerts/rules")
    out: Path = asked.out or RULES
    try:
        watched = windows.read(asked.windows)
        wanted = files(reading.read(asked.spec, watched), watched, asked.spec.name)
        stale = _stale(out, wanted, head(asked.spec.name))
        if not asked.check:
            _write(out, wanted, stale)
    except (WrongFile, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if asked.check:
        for name in stale:
            sys.stderr.write(f"{out / name} is not current: run `make generate`\n")
        return 1 if stale else 0
    sys.stderr.write(f"{len(stale)} of {len(wanted)} files written to {out}\n")
    return 0


def _stale(out: Path, wanted: dict[str, str], ours: str) -> list[str]:
    """Return files that differ or are missing, and files of this spec that are no longer generated."""
    differ = [name for name, text in wanted.items() if not (out / name).exists() or (out / name).read_text() != text]
    others = [file for file in sorted(out.glob("slo-*.yml")) if file.name not in wanted]
    return differ + [file.name for file in others if file.read_text().startswith(ours)]


def _write(out: Path, wanted: dict[str, str], stale: Sequence[str]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name in stale:
        if name in wanted:
            (out / name).write_text(wanted[name])
        else:
            (out / name).unlink()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
