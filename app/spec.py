"""What a view takes and gives, said where the view is; ``app.openapi`` makes the OpenAPI document of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel

F = TypeVar("F", bound=Callable[..., Any])
ATTRIBUTE = "openapi"


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    summary: str
    tag: str
    answers: dict[int, type[BaseModel] | None]
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    path: dict[str, dict[str, Any]] = field(default_factory=dict)
    headers: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: tuple[int, ...] = ()
    auth: str = "none"
    """``none``, ``optional``, ``required`` or ``admin``."""
    media: str = "application/json"


def operation(**what: Any) -> Callable[[F], F]:
    """Attach an ``Operation`` to a view, and its success status for the request metrics."""
    described = Operation(**what)

    def attach(view: F) -> F:
        setattr(view, ATTRIBUTE, described)
        view.success_status = min(described.answers)  # type: ignore[attr-defined]
        return view

    return attach
