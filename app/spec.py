"""The declaration of a view's input and output; ``app.openapi`` generates the OpenAPI document from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel

F = TypeVar("F", bound=Callable[..., Any])
ATTRIBUTE = "openapi"


@dataclass(frozen=True)
class Operation:
    """One method of one path, as it appears in the OpenAPI document."""

    summary: str
    tag: str
    answers: dict[int, type[BaseModel] | None]
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    path: dict[str, dict[str, Any]] = field(default_factory=dict)
    headers: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: tuple[int, ...] = ()
    auth: str = "none"
    """Required authentication: ``none``, ``optional``, ``required`` or ``admin``."""
    media: str = "application/json"


def operation(**what: Any) -> Callable[[F], F]:
    """Attach an ``Operation`` to a view, and the view's success status for the request metrics."""
    described = Operation(**what)

    def attach(view: F) -> F:
        setattr(view, ATTRIBUTE, described)
        view.success_status = min(described.answers)  # type: ignore[attr-defined]
        return view

    return attach
