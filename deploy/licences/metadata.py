"""The licence of a Python package as an SPDX expression, from its metadata."""

from __future__ import annotations

import re
from importlib.metadata import Distribution

_BSD = "BSD"
# Names used before SPDX identifiers existed, matched by prefix, in lower case.
_WORDS = {
    # A custom licence: needs a manual check.
    "bsd-derived": "",
    "apache": "Apache-2.0",
    "bsd 3": "BSD-3-Clause",
    "bsd-3": "BSD-3-Clause",
    "3-clause bsd": "BSD-3-Clause",
    "bsd 2": "BSD-2-Clause",
    "bsd-2": "BSD-2-Clause",
    "bsd": _BSD,
    "mit": "MIT",
    "mpl": "MPL-2.0",
    "mozilla public license 2.0": "MPL-2.0",
    "isc": "ISC",
    "python software foundation": "PSF-2.0",
    "psf": "PSF-2.0",
    "zpl": "ZPL-2.1",
    "zope": "ZPL-2.1",
    "unlicense": "Unlicense",
    "lgpl": "LGPL",
    "gnu lesser": "LGPL",
    "gnu general": "GPL",
}
_SPDX = re.compile(r"[A-Za-z0-9.+-]+(?: (?:OR|AND|WITH) [A-Za-z0-9.+-]+)*")


def licence(distribution: Distribution) -> str:
    """Return the expression; "" if the metadata has no recognised licence, which then needs a manual check."""
    fields = distribution.metadata.json
    if expression := fields.get("license_expression"):
        return str(expression)
    said = [str(fields.get("license", "")).strip(), *_classifiers(fields.get("classifier", []))]
    found = next((found for text in said if (found := _understood(text))), "")
    return _clauses(distribution) if found == _BSD else found


def _clauses(distribution: Distribution) -> str:
    """Return the BSD licence of the text; "" for other texts."""
    files = [
        file for file in distribution.files or () if file.name.upper().startswith(("LICENSE", "LICENCE", "COPYING"))
    ]
    text = " ".join(file.read_text() for file in files).lower()
    if "redistributions in binary form" not in text:
        return ""
    return "BSD-3-Clause" if re.search(r"neither the names?\b|endorse\s+or\s+promote", text) else "BSD-2-Clause"


def _classifiers(classifiers: str | list[str]) -> list[str]:
    return [one.rpartition(" :: ")[2] for one in classifiers if one.startswith("License :: ")]


def _understood(text: str) -> str:
    if "\n" in text or len(text) > 60:
        # The full text of a licence; its first line is its name.
        text = text.splitlines()[0][:60]
    lowered = text.lower().removeprefix("the ")
    found = next((licence for word, licence in _WORDS.items() if lowered.startswith(word)), "")
    return text if " OR " in text and _SPDX.fullmatch(text) else found
