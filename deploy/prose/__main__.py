"""``python -m deploy.prose [PATH…]``: check the language of all files, or of these files and folders.

``--extract FOLDER`` writes the copies that Vale reads into this folder and checks nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from deploy.prose import files, vale
from deploy.tracked import tracked
from stack.errors import StackError
from stack.paths import ROOT
from stack.say import Say


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Run the command line for the repository at ``root``.

    Returns 1 when a rule rejects something, a file type is unknown or Vale is missing, and 2 for a path without files.
    """
    parser = argparse.ArgumentParser(prog="python -m deploy.prose", description="Check the language with Vale.")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="only these files and folders")
    parser.add_argument(
        "--extract", type=Path, metavar="FOLDER", help="write the copies that Vale reads; check nothing"
    )
    parser.add_argument("--totals", action="store_true", help="print only the number of findings by folder and rule")
    options = parser.parse_args(arguments)
    chosen = [str(Path(path)) for path in options.paths]
    found = tracked(root=root)
    if missing := [one for one in chosen if not any(_inside(path, one) for path in found)]:
        sys.stderr.write(f"no file under version control: {', '.join(missing)}\n")
        return 2
    paths = [path for path in found if not chosen or any(_inside(path, one) for one in chosen)]
    if strange := files.unknown(paths):
        sys.stderr.write(f"add these file types to deploy/prose/files.py: {', '.join(strange)}\n")
        return 1
    try:
        if options.extract:
            files.mirror(root, paths, options.extract)
            return 0
        program = vale.program(Say(sys.stderr))
        with tempfile.TemporaryDirectory() as folder:
            files.mirror(root, paths, Path(folder))
            findings = vale.check(program, Path(folder))
    except (StackError, files.UnreadableError, vale.ValeError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for line in vale.totals(findings) if options.totals else findings:
        sys.stdout.write(f"{line}\n")
    if findings:
        sys.stderr.write(f"{len(findings)} findings; how to except a legitimate use: CONTRIBUTING.md\n")
    return 1 if findings else 0


def _inside(path: str, chosen: str) -> bool:
    return chosen == "." or path == chosen or path.startswith(f"{chosen}/")


if __name__ == "__main__":
    sys.exit(main())
