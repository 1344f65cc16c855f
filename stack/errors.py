"""The launcher's errors. Every message is one sentence for the user and names the remedy.

StackError                  (exit code 1)
├── SettingError            a setting of the environment is wrong (exit code 2)
│   └── OffsetMismatch      the instance runs with another port offset than the one given
├── StateDirError           the state directory is not writable
├── AlreadyUnderWay         another ``up`` is running for this instance
├── PortTaken               another process listens on a port that we need
├── DiskFull                not enough space, before or during the work
├── ProgramError            a server's program is missing and cannot be fetched or built
│   ├── ProgramMissing      it is not installed and we may not or cannot install it
│   ├── NoNetwork           the registry or module proxy cannot be reached
│   └── BuildFailed         its build failed
├── UnknownComponent        no component has this name
├── StartFailed             a component did not become ready
│   └── Misconfigured       because it reports that one of its settings is wrong
└── SupervisorError         supervisord is not running, does not start or refuses a call
"""

from __future__ import annotations

from glasshouse_observability.settings import Problem, WrongSetting


class StackError(Exception):
    """An error that the launcher prints as one sentence, without a traceback."""

    exit_code = 1


class SettingError(StackError):
    """Settings are wrong. The message names each setting, its value and the allowed values."""

    exit_code = 2

    def __init__(self, *problems: Problem) -> None:
        super().__init__(str(WrongSetting(*problems)))


class OffsetMismatch(SettingError):
    """The instance in the state directory runs with another port offset than the one given."""

    def __init__(self, given: int, running: int, state: str) -> None:
        StackError.__init__(
            self,
            f"the instance in {state} runs with GLASSHOUSE_PORT_OFFSET={running}, not {given}: unset the variable to "
            "use this instance, stop it with `make down`, or set another GLASSHOUSE_STATE_DIR for a second instance.",
        )


class StateDirError(StackError):
    """The state directory cannot be created or written."""


class AlreadyUnderWay(StackError):
    """Another ``up`` holds this instance's lock."""


class PortTaken(StackError):
    """A process other than ours listens on a port that we need."""


class DiskFull(StackError):
    """Not enough free space."""


class ProgramError(StackError):
    """A server's program is missing and cannot be fetched or built."""


class ProgramMissing(ProgramError):
    """A program is missing and the launcher cannot install it."""


class NoNetwork(ProgramError):
    """The server to download from is unreachable."""


class BuildFailed(ProgramError):
    """A build or an installation failed."""


class UnknownComponent(StackError):
    """No component has this name."""


class StartFailed(StackError):
    """A component exited, or was not ready within its time limit."""


class Misconfigured(StartFailed):
    """Components that exited because of a wrong setting; ``said`` is the message that they logged."""

    def __init__(self, names: list[str], said: str) -> None:
        are = "is" if len(names) == 1 else "are"
        super().__init__(f"{', '.join(names)} {are} misconfigured: {said} (fix it, then run `make up` again).")
        self.names, self.said = names, said

    @classmethod
    def merged(cls, errors: list[StackError]) -> list[StackError]:
        """Return the errors, merging equal ones: a wrong setting stops every process that reads it."""
        by_sentence: dict[str, list[str]] = {}
        for error in errors:
            if isinstance(error, cls):
                by_sentence.setdefault(error.said, []).extend(error.names)
        merged: list[StackError] = [cls(names, said) for said, names in by_sentence.items()]
        return merged + [error for error in errors if not isinstance(error, cls)]


class SupervisorError(StackError):
    """supervisord is not running, does not start, or refuses a call."""
