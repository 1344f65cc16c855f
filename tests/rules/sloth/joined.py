"""Print the groups of all documents of a rule file as one document."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

HEAD = "# Output of Sloth 0.12.0 for alerts/slos.yaml, its documents joined; do not edit. See README.md.\n"


def main(file: str) -> None:
    documents = [document for document in yaml.safe_load_all(Path(file).read_text()) if document]
    groups = [group for document in documents for group in document["groups"]]
    sys.stdout.write(HEAD + yaml.safe_dump({"groups": groups}, sort_keys=False, width=1000))


if __name__ == "__main__":
    main(sys.argv[1])
