"""The load profiles, and the changes to them that a user may request."""

from __future__ import annotations

import pytest
import yaml

from lab.load.generator.plan import Plan
from lab.load.profiles.model import MOST_MINUTES, MOST_USERS, WrongProfile
from lab.load.profiles.reading import FILE, chosen, read

CUSTOMERS, PROFILES = read()


def changed(**changes: object) -> str:
    """Return the text of the profile file with other customers."""
    content = yaml.safe_load(FILE.read_text())
    content["customers"].update(changes)
    return yaml.safe_dump(content)


def test_there_are_the_five_profiles() -> None:
    """There are five profiles, each with a maximum of users and time."""
    assert list(PROFILES) == ["smoke", "steady", "spike", "soak", "stress"]
    for profile in PROFILES.values():
        assert 1 <= profile.users <= MOST_USERS
        assert 0 < profile.seconds <= 60 * MOST_MINUTES


def test_smoke_and_steady_are_as_promised() -> None:
    """Smoke has 20 users for 30 seconds, and steady has 300 users for five minutes."""
    assert (PROFILES["smoke"].users, PROFILES["smoke"].seconds) == (20, 30)
    assert (PROFILES["steady"].users, PROFILES["steady"].seconds) == (300, 300)


def test_users_come_in_a_straight_line_and_leave_at_the_end() -> None:
    """Users increase linearly in the first tenth of the steady profile and leave at its end."""
    steady = PROFILES["steady"]
    assert [steady.users_at(second) for second in (0, 15, 30, 299.9, 300)] == [1, 150, 300, 300, 0]


def test_a_spike_falls_back_to_a_sixth() -> None:
    """A spike rises and falls twice, each time back to one sixth of the users."""
    spike = PROFILES["spike"]
    course = [spike.users_at(spike.seconds * share) for share in (0.2, 0.4, 0.6, 0.8, 0.95)]
    assert course == [100, 600, 100, 600, 100]


def test_stress_goes_up_by_equal_steps() -> None:
    """Stress has ten steps of equal length, each with more users."""
    stress = PROFILES["stress"]
    step = stress.seconds / 10
    assert [round(stage.share, 6) for stage in stress.stages] == [0.1] * 10
    assert stress.users_at(stress.seconds - 1) > stress.users_at(stress.seconds - 1 - step)
    assert stress.breaks is not None


def test_what_is_asked_for_replaces_what_is_written() -> None:
    """USERS and MINUTES replace the values of the profile."""
    asked = chosen(PROFILES, "steady", "50", "0.5")
    assert (asked.users, asked.seconds, asked.stages) == (50, 30, PROFILES["steady"].stages)


@pytest.mark.parametrize(
    ("name", "users", "minutes", "said"),
    [
        ("heavy", "", "", "PROFILE is 'heavy': it must be one of smoke, steady, spike, soak, stress."),
        ("smoke", "0", "", "USERS is '0': it must be a whole number from 1 to 5000."),
        ("smoke", "5001", "", "USERS is '5001': it must be a whole number from 1 to 5000."),
        ("smoke", "2.5", "", "USERS is '2.5': it must be a whole number from 1 to 5000."),
        ("smoke", "", "nan", "MINUTES is 'nan': it must be a decimal number from 0.1 to 240."),
        ("smoke", "", "1e9", "MINUTES is '1e9': it must be a decimal number from 0.1 to 240."),
    ],
)
def test_what_cannot_be_done_is_refused(name: str, users: str, minutes: str, said: str) -> None:
    """An invalid request is refused with the allowed values."""
    with pytest.raises(WrongProfile) as refused:
        chosen(PROFILES, name, users, minutes)
    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"think_seconds": [5, 1]}, "customers.think_seconds: 5 is above 1"),
        ({"order_share": 2}, "customers.order_share: must be a number from 0 to 1, not 2"),
        ({"looks": {"steal": 1}}, "customers.looks: steal is unknown"),
        ({"looks": {"page": 0}}, "customers.looks: at least one must be above 0"),
        ({"words": []}, "customers.words: must be a list of words"),
        ({"haste": 1}, "customers: haste is unknown"),
    ],
)
def test_a_wrong_behaviour_says_where(changes: dict[str, object], said: str) -> None:
    """An invalid behaviour of customers is refused with its position and the allowed values."""
    with pytest.raises(WrongProfile) as refused:
        read(changed(**changes))
    assert str(refused.value) == said


def test_shares_that_do_not_add_up_are_refused() -> None:
    """Shares of stages must add up to 1, because the profile would otherwise end too early or never."""
    content = yaml.safe_load(FILE.read_text())
    content["profiles"]["smoke"]["stages"] = [{"share": 0.5, "to": 1}]
    with pytest.raises(WrongProfile, match=r"profiles\.smoke\.stages: the shares must add up to 1"):
        read(yaml.safe_dump(content))


def test_a_plan_survives_its_way_to_the_generator() -> None:
    """A plan is the same after it was sent to the generator as JSON."""
    for profile in PROFILES.values():
        plan = Plan("http://127.0.0.1:8000", "r", 7, profile, CUSTOMERS)
        assert Plan.loads(plan.dumps()) == plan
