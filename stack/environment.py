"""The folders from which the Python of an environment imports packages."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

_PRINT = "import json, sys; print(json.dumps([path for path in sys.path if path.endswith('site-packages')]))"


def package_folders(venv: Path) -> list[str]:
    """Return the ``site-packages`` folders of an environment: its own, and those of the environment below it."""
    command = [str(venv / "bin" / "python"), "-c", _PRINT]
    folders: list[str] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return folders
