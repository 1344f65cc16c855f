"""Files of other projects that the pages load: served from the Python packages that contain them.

The repository holds no copy of them. The lock file pins the packages and the digests of their archives; nothing imports
the packages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from flask import Blueprint, Response, abort, send_file


@dataclass(frozen=True)
class PackagedFile:
    """A file of an installed distribution, its path relative to ``site-packages``."""

    distribution: str
    path: str


FILES: Mapping[str, PackagedFile] = {
    "uplot.js": PackagedFile("youplot", "youplot/vendor/uplot.iife.min.js"),
    "uplot.css": PackagedFile("youplot", "youplot/vendor/uplot.min.css"),
}
"""Each file by the name under which it is served. uPlot (MIT) draws the charts."""


class PackageMissing(RuntimeError):
    """A package is not installed, or its version lacks the file; the message contains the remedy."""


def located(files: Mapping[str, PackagedFile] = FILES) -> dict[str, Path]:
    """Return the path of each file by the name under which it is served.

    Raises:
        PackageMissing: a package is not installed or lacks the file.
    """
    return {name: _path(file) for name, file in files.items()}


def blueprint(files: Mapping[str, Path]) -> Blueprint:
    """Return ``/static/packages/<name>``: each of ``files``, with the headers of the console's own static files."""
    packages = Blueprint("packages", __name__)

    @packages.get("/static/packages/<name>")
    def file(name: str) -> Response:
        """Return one file; 404 for every other name."""
        if name not in files:
            abort(404)
        return send_file(files[name])

    return packages


def _path(file: PackagedFile) -> Path:
    cure = "run `python3 stack/setup.py run`, or install requirements/run.txt with `pip install --require-hashes -r`"
    try:
        path = Path(str(distribution(file.distribution).locate_file(file.path)))
    except PackageNotFoundError:
        raise PackageMissing(
            f"the Python package {file.distribution}, which contains {file.path}, is not installed: {cure}"
        ) from None
    if not path.is_file():
        raise PackageMissing(f"the installed version of {file.distribution} has no {file.path}: {cure}")
    return path
