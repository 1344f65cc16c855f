"""What is in the image (an SBOM), and what is known against it: ``make audit``.

The list of packages is made from the lock file and goes to dist/sbom.cdx.json, in CycloneDX. Known vulnerabilities are
asked of the package index by pip-audit. Exit status: 1 with ``--strict`` if there are any; else 0, also when the
database cannot be reached, which is said.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements" / "run.txt"
SBOM = ROOT / "dist" / "sbom.cdx.json"
PATIENCE_SECONDS = 120
PINNED = re.compile(
    r"^([A-Za-z0-9._-]+)==(\S+?)(?: ;[^\\\n]*)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)", re.MULTILINE
)


def say(text: str) -> None:
    """Results, on stderr."""
    sys.stderr.write(f"audit: {text}\n")


def components(lock: str) -> list[dict[str, Any]]:
    """The packages of a lock file as CycloneDX components."""
    return [
        {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name.lower()}@{version}",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name.lower()}@{version}",
        }
        for name, version, _ in PINNED.findall(lock)
    ]


def sbom(lock: str) -> dict[str, Any]:
    """The whole document; the same lock file gives the same one."""
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components(lock)}


def look() -> list[dict[str, Any]]:
    """What pip-audit finds for each package; empty if it finds nothing out."""
    command = [
        *(sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--disable-pip", "--no-deps"),
        *("--require-hashes", "--format", "json", "--progress-spinner", "off"),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return []
    return [package for package in found if "skip_reason" not in package]


def known(packages: list[dict[str, Any]]) -> list[str]:
    """One line for each vulnerability: which, of what, and which version fixes it."""
    return [
        f"{one['id']} in {package['name']} {package['version']}"
        f" (fixed in {', '.join(one.get('fix_versions') or ['no version yet'])})"
        for package in packages
        for one in package.get("vulns", [])
    ]


def main(arguments: list[str]) -> int:
    """List the packages, look each up, print what was found."""
    document = sbom(LOCK.read_text())
    total = len(document["components"])
    SBOM.parent.mkdir(exist_ok=True)
    SBOM.write_text(json.dumps(document, indent=1) + "\n")
    say(f"{total} packages are in the image ({SBOM.relative_to(ROOT)})")
    looked_up = look()
    if len(looked_up) < total:
        say(f"vulnerabilities: {len(looked_up)} of them could be looked up, the database is not reached from here")
    lines = known(looked_up)
    if looked_up:
        say(f"vulnerabilities: {len(lines)} known")
    for line in lines:
        say(line)
    return 1 if lines and "--strict" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
