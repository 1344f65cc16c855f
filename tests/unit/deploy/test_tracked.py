"""The list of the repository's files."""

from __future__ import annotations

import subprocess
from pathlib import Path

from deploy.tracked import tracked


def test_new_files_are_listed_and_ignored_and_deleted_ones_are_not(tmp_path: Path) -> None:
    """Added and new files are listed, deleted and ignored ones are not; a clone has the added files only."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for name in ("a.py", "gone.py", "b.md", "c.log"):
        (tmp_path / name).touch()
    (tmp_path / ".gitignore").write_text("*.log\n")
    subprocess.run(["git", "add", "a.py", "gone.py"], cwd=tmp_path, check=True)
    (tmp_path / "gone.py").unlink()
    assert sorted(tracked(root=tmp_path)) == [".gitignore", "a.py", "b.md"]
    assert tracked("*.md", root=tmp_path) == ["b.md"]
    assert tracked(root=tmp_path, new=False) == ["a.py"]
