"""The page docs/library/api.md, from the docstrings of the library's public names."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterable
from typing import Any

PACKAGE = "glasshouse_observability"
MODULES = ("", ".gunicorn", ".logs", ".metrics", ".rq", ".settings", ".testing")
"""The public modules. Each lists its public names in ``__all__``."""
INTRO = """# API reference

Generated from the docstrings by `make generate`. Names that are not on this page are internal and may change in any
release.
"""
SECTION = re.compile(r"^(Args|Returns|Raises|Yields):\n((?:    .*\n?|\n)+)", re.MULTILINE)


def page() -> str:
    """Return the whole page."""
    return INTRO + "".join(_module(PACKAGE + name) for name in MODULES)


def _module(name: str) -> str:
    module = importlib.import_module(name)
    parts = [f"\n## `{name}`\n\n{_text(module)}\n"]
    for public in module.__all__:
        parts += _entry(public, getattr(module, public))
    return "".join(parts)


def _entry(name: str, value: Any) -> Iterable[str]:
    if inspect.isclass(value):
        yield f"\n### `{name}`\n\n{_text(value)}\n"
        for method, of in sorted(vars(value).items()):
            function = of.__func__ if isinstance(of, staticmethod | classmethod) else of
            if method == "__init__" or method.startswith("_") or not inspect.getdoc(function):
                continue
            if inspect.isfunction(function):
                yield f"\n`{name}.{method}{_signature(function)}`\n\n{_text(function)}\n"
            elif isinstance(of, property):
                yield f"\n`{name}.{method}`\n\n{_text(of)}\n"
    elif callable(value):
        yield f"\n### `{name}{_signature(value)}`\n\n{_text(value)}\n"
    else:
        yield f"\n### `{name}`\n\n`{value!r}`\n"


def _signature(function: Any) -> str:
    signature = inspect.signature(function)
    shown = [one.replace(annotation=inspect.Parameter.empty) for one in signature.parameters.values()]
    return str(signature.replace(parameters=shown, return_annotation=inspect.Signature.empty))


def _text(documented: Any) -> str:
    """Return a docstring as Markdown: double backticks become single ones, an indented block stays code."""
    text = inspect.getdoc(documented) or ""
    text = re.sub(r"::\n", ":\n", text)
    text = SECTION.sub(_listed, text + "\n")
    return text.replace("``", "`").strip()


def _listed(section: re.Match[str]) -> str:
    """Return Google's sections as a list, one item for each entry."""
    entries = re.split(r"\n(?=    \S)", section[2].rstrip("\n"))
    lines = [" ".join(line.strip() for line in entry.splitlines()) for entry in entries]
    return f"{section[1]}:\n\n" + "".join(f"- {line}\n" for line in lines)
