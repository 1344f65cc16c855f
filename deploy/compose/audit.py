"""List the packages of the image (an SBOM) and their known vulnerabilities: ``make audit``.

The list of packages is generated from the lock file and written to dist/sbom.cdx.json in CycloneDX format. pip-audit
looks up known vulnerabilities in the package index. The exit status is 1 with ``--strict`` if there are any. Otherwise
it is 0, even if the database cannot be reached, which is reported.
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
    """Print a result to stderr."""
    sys.stderr.write(f"audit: {text}\n")


def components(lock: str) -> list[dict[str, Any]]:
    """Return the packages of a lock file as CycloneDX components."""
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
    """Return the CycloneDX document. The same lock file always produces the same document."""
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components(lock)}


def look() -> list[dict[str, Any]]:
    """Return pip-audit's result for each package. The list is empty if the lookup fails."""
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
    """Return one line for each vulnerability: its id, the package, and the versions that fix it."""
    return [
        f"{one['id']} in {package['name']} {package['version']}"
        f" (fixed in {', '.join(one.get('fix_versions') or ['no version yet'])})"
        for package in packages
        for one in package.get("vulns", [])
    ]


def main(arguments: list[str]) -> int:
    """List the packages, look up each one, and print the results."""
    document = sbom(LOCK.read_text())
    total = len(document["components"])
    SBOM.parent.mkdir(exist_ok=True)
    SBOM.write_text(json.dumps(document, indent=1) + "\n")
    say(f"{total} packages are in the image ({SBOM.relative_to(ROOT)})")
    looked_up = look()
    if len(looked_up) < total:
        say(f"vulnerabilities: {len(looked_up)} of them could be looked up; the database cannot be reached from here")
    lines = known(looked_up)
    if looked_up:
        say(f"vulnerabilities: {len(lines)} known")
    for line in lines:
        say(line)
    return 1 if lines and "--strict" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
