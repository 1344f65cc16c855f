"""Wrapping another library's classes: for all objects or for one, and without a trace afterwards."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest

from glasshouse_observability import Telemetry, TelemetrySettings
from glasshouse_observability.wrapping.identity import IdentityMap
from glasshouse_observability.wrapping.integration import AlreadyInstrumented, Integration
from glasshouse_observability.wrapping.patches import Patches
from glasshouse_observability.wrapping.targets import Targets


class Base:
    """A class of another library."""

    def greet(self, name: str) -> str:
        """Return a greeting."""
        return f"hello {name}"


class Derived(Base):
    """A class that inherits the method."""


class AlwaysEqual:
    """All instances are equal, as two MongoDB clients of one server are."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 1


def install(telemetry: Telemetry, targets: Targets[Any], patches: Patches) -> None:
    def make(method: Callable[..., Any]) -> Callable[..., Any]:
        def loud(self: Any, *args: Any, **options: Any) -> Any:
            answer = method(self, *args, **options)
            return answer.upper() if self in targets else answer

        return loud

    patches.wrap(Base, "greet", make)


@pytest.fixture
def integration() -> Integration[Any]:
    return Integration("base", install)


def test_every_object_is_instrumented_once(integration: Integration[Any], telemetry: Telemetry) -> None:
    """All objects are instrumented, made before and after the call; a second call changes nothing."""
    original, before = Base.greet, Base()
    integration.instrument(telemetry)
    wrapper = Base.greet
    integration.instrument(telemetry)
    integration.instrument(telemetry, before)
    assert Base.greet is wrapper
    assert (before.greet("a"), Base().greet(name="a"), Derived().greet("a")) == ("HELLO A",) * 3
    integration.uninstrument()
    integration.uninstrument()
    assert Base.__dict__["greet"] is original
    assert before.greet("a") == "hello a"


def test_one_object_is_instrumented(integration: Integration[Any], telemetry: Telemetry) -> None:
    """One object is instrumented and the others are not; the original returns with the last one."""
    original, one, other, third = Base.greet, Base(), Base(), Base()
    integration.instrument(telemetry, one)
    integration.instrument(telemetry, other)
    assert [each.greet("a") for each in (one, other, third)] == ["HELLO A", "HELLO A", "hello a"]
    integration.uninstrument(third)
    integration.uninstrument(one)
    assert [each.greet("a") for each in (one, other, third)] == ["hello a", "HELLO A", "hello a"]
    integration.uninstrument(other)
    assert Base.greet is original


def test_all_but_one_are_instrumented(integration: Integration[Any], telemetry: Telemetry) -> None:
    """One object can be excluded from all, and be included again."""
    one, other = Base(), Base()
    integration.instrument(telemetry, one)
    integration.instrument(telemetry)
    integration.uninstrument(one)
    assert (one.greet("a"), other.greet("a")) == ("hello a", "HELLO A")
    integration.instrument(telemetry, one)
    assert (one.greet("a"), other.greet("a")) == ("HELLO A", "HELLO A")
    integration.uninstrument()


def test_another_telemetry_is_refused(integration: Integration[Any], telemetry: Telemetry) -> None:
    """The classes exist once, so another telemetry is refused with a sentence, until the first one is removed."""
    other = Telemetry(TelemetrySettings(service="other", instance="o"))
    integration.instrument(telemetry)
    with pytest.raises(AlreadyInstrumented, match=r"call uninstrument_base\(\) first"):
        integration.instrument(other)
    integration.uninstrument()
    integration.instrument(other)
    assert Base().greet("a") == "HELLO A"
    integration.uninstrument()


def test_a_wrapper_of_another_library_is_kept(integration: Integration[Any], telemetry: Telemetry) -> None:
    """A wrapper that another library has put around ours stays, and ours has no effect any more."""
    original = Base.greet
    integration.instrument(telemetry)
    ours = Base.greet

    def theirs(self: Any, name: str) -> str:
        return f"<{ours(self, name)}>"

    Base.greet = theirs  # type: ignore[method-assign]
    try:
        assert Base().greet("a") == "<HELLO A>"
        integration.uninstrument()
        assert Base().greet("a") == "<hello a>"
        integration.instrument(telemetry)
        assert Base().greet("a") == "<HELLO A>".upper()
        integration.uninstrument()
        assert Base.greet is theirs
    finally:
        Base.greet = original  # type: ignore[method-assign]


def test_a_failed_start_leaves_nothing(telemetry: Telemetry) -> None:
    """If a class cannot be wrapped, the others get their originals back, and the call can be repeated."""
    original = Base.greet

    def failing(telemetry: Telemetry, targets: Targets[Any], patches: Patches) -> None:
        install(telemetry, targets, patches)
        raise LookupError

    integration: Integration[Any] = Integration("base", failing)
    for _ in range(2):
        with pytest.raises(LookupError):
            integration.instrument(telemetry)
        assert Base.greet is original


def test_an_inherited_method_is_wrapped_where_it_is_named() -> None:
    """A method that a class inherits is wrapped for that class only, and is inherited again afterwards."""
    patches = Patches()
    assert patches.wrap(Derived, "greet", lambda method: lambda self, name: method(self, name).upper())
    assert (Base().greet("a"), Derived().greet("a")) == ("hello a", "HELLO A")
    patches.undo()
    assert "greet" not in Derived.__dict__


def test_a_method_that_a_version_lacks_is_skipped() -> None:
    """A method that this version of the library does not have is skipped."""
    assert not Patches().wrap(Base, "wave", lambda method: method)


def test_a_wrapper_has_the_originals_name_but_not_its_marks() -> None:
    """Name and documentation are the original's; its attributes, with which instrumentations mark theirs, are not."""

    def marked(self: Any, name: str) -> str:
        return name

    marked.instrumented = True  # type: ignore[attr-defined]
    kind = type("Kind", (), {"greet": marked})
    patches = Patches()
    patches.wrap(kind, "greet", lambda method: lambda self, name: method(self, name))
    wrapper: Any = kind.greet  # type: ignore[attr-defined]
    assert (wrapper.__name__, wrapper.__wrapped__) == ("marked", marked)
    assert not hasattr(wrapper, "instrumented")
    patches.undo()


def test_keys_are_compared_by_identity_and_weak() -> None:
    """Equal objects are different keys, and an entry disappears with its object."""
    first, second = AlwaysEqual(), AlwaysEqual()
    found: IdentityMap[AlwaysEqual, int] = IdentityMap()
    found[first] = 1
    assert (first in found, second in found) == (True, False)
    found[second] = 2
    assert found.by_id == {id(first): 1, id(second): 2}
    del first
    gc.collect()
    assert found.objects() == [second]
    assert found.by_id == {id(second): 2}
    found.discard(second)
    found.discard(second)
    assert not found
