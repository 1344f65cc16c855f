"""What can stop the launcher. Every message is one sentence for the user, with the remedy in it.

StackError                  (exit code 1)
├── SettingError            a setting of the environment is wrong (exit code 2)
│   └── OffsetMismatch      the instance runs with another port offset than the one given
├── StateDirError           the state directory cannot be written
├── AlreadyUnderWay         another ``up`` works on this instance
├── PortTaken               another process listens on a port that we need
├── DiskFull                not enough space, before or during the work
├── ProgramError            a server's program is missing and cannot be fetched or built
│   ├── ProgramMissing      it is not installed and we may not or cannot install it
│   ├── NoNetwork           the registry or module proxy cannot be reached
│   └── BuildFailed         its build broke
├── UnknownComponent        no component has this name
├── StartFailed             a component did not become ready
│   └── Misconfigured       because one of its settings is wrong, as it says itself
└── SupervisorError         supervisord does not run, does not start or refuses
"""

from __future__ import annotations

from observability.settings import Problem, WrongSetting


class StackError(Exception):
    """An error that the launcher reports to the user in one sentence, without a traceback."""

    exit_code = 1


class SettingError(StackError):
    """Settings are wrong: the name of each, its value and what is allowed."""

    exit_code = 2

    def __init__(self, *problems: Problem) -> None:
        super().__init__(str(WrongSetting(*problems)))


class OffsetMismatch(SettingError):
    """The instance in the state directory runs with another port offset than the one given."""

    def __init__(self, given: int, running: int, state: str) -> None:
        StackError.__init__(
            self,
            f"the instance in {state} runs with GLASSHOUSE_PORT_OFFSET={running}, not {given}: leave the variable out "
            "to use it, `make down` it first, or give a second instance its own GLASSHOUSE_STATE_DIR.",
        )


class StateDirError(StackError):
    """The state directory cannot be made or written."""


class AlreadyUnderWay(StackError):
    """Another ``up`` holds this instance's lock."""


class PortTaken(StackError):
    """A port that we need has a listener that is not ours."""


class DiskFull(StackError):
    """Not enough free space."""


class ProgramError(StackError):
    """A server's program is missing and cannot be fetched or built."""


class ProgramMissing(ProgramError):
    """A program is not there and cannot be installed from here."""


class NoNetwork(ProgramError):
    """What must be fetched cannot be reached."""


class BuildFailed(ProgramError):
    """A build or an installation ended with an error."""


class UnknownComponent(StackError):
    """A name that is no component's."""


class StartFailed(StackError):
    """A component ended, or was not ready within its bound."""


class Misconfigured(StartFailed):
    """Components that ended because of a wrong setting; ``said`` is their own sentence about it."""

    def __init__(self, names: list[str], said: str) -> None:
        are = "is" if len(names) == 1 else "are"
        super().__init__(f"{', '.join(names)} {are} wrongly set up: {said} (fix it, then `make up` again).")
        self.names, self.said = names, said

    @classmethod
    def merged(cls, errors: list[StackError]) -> list[StackError]:
        """The errors, with those that say the same made one: a wrong setting stops every process that reads it."""
        by_sentence: dict[str, list[str]] = {}
        for error in errors:
            if isinstance(error, cls):
                by_sentence.setdefault(error.said, []).extend(error.names)
        merged: list[StackError] = [cls(names, said) for said, names in by_sentence.items()]
        return merged + [error for error in errors if not isinstance(error, cls)]


class SupervisorError(StackError):
    """supervisord does not run, does not start, or refuses."""
