"""Generate the passwords of the composed stack, or show one.

    docker compose run --rm passwords show grafana

`generate` runs at every start of the stack. A password with a value in `.env.secrets` gets that value. Any other
password is generated at the first start and kept afterwards. Each password has its own folder, which is the mount point
of its own volume.
"""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from deploy.compose.passwords.catalogue import ALL, VALUE, Password
from glasshouse_observability.settings import MISCONFIGURED, Reader, WrongSetting

FOLDER = Path("/run/secrets")
BYTES = 24
READABLE = 0o440  # Readable by the owner and the group, which is a supplementary group of every reader.
LOCKED = "mongo-root"  # Its readers exit after their work: a server that is attacked cannot keep the lock.
USAGE = "usage: passwords generate | show NAME"


class Unusable(RuntimeError):
    """A password cannot be stored or shown. The message contains the remedy."""


def stored(folder: Path, password: Password) -> str:
    """Return the stored password, or "" if there is none. Raises ``Unusable``."""
    file = folder / password.folder / VALUE
    try:
        return file.read_text()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise Unusable(f"cannot read {file}: {error.strerror}") from error


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other run generates passwords: two at once could store a password and the URL of another one.

    The lock is on a volume, because the runs are in different containers.
    """
    volume = folder / LOCKED
    try:
        descriptor = os.open(volume, os.O_RDONLY)
    except OSError as error:
        raise Unusable(f"cannot open {volume}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write(folder: Path, password: Password, value: str) -> None:
    """Write every file of a password that does not have its content yet, each in one step.

    Raises:
        Unusable: the volume cannot be written.
    """
    for name, text in password.files(value).items():
        target = folder / password.folder / name
        try:
            if not target.exists() or target.read_text() != text:
                replace(target, text)
        except OSError as error:
            raise Unusable(
                f"cannot write {target}: {error.strerror}. If another container was the first to mount the volume "
                f"secret-{password.folder}, run `docker compose down`, remove it with `docker volume rm`, and start "
                "again"
            ) from error


def replace(target: Path, text: str) -> None:
    """Write a file so that it has the old content or the new one after an interruption, and never a part."""
    new = target.with_name(f".{target.name}.new")
    new.unlink(missing_ok=True)  # A run that was killed may have left it.
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, READABLE), "w") as stream:
            os.fchmod(stream.fileno(), READABLE)
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(new, target)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def generate(folder: Path, env: Mapping[str, str]) -> str:
    """Store every password. Return one sentence about what was changed. Raises ``WrongSetting``, ``Unusable``."""
    reader = Reader(env)
    given = {password.folder: reader.value(password.declared) for password in ALL}
    reader.finish()
    generated, replaced = [], []
    with alone(folder):
        for password in ALL:
            before, chosen = stored(folder, password), given[password.folder]
            if chosen and chosen != before:
                replaced.append(password.folder)
            elif not chosen and not before:
                generated.append(password.folder)
            write(folder, password, chosen or before or token_hex(BYTES))
    changes = [f"generated {', '.join(generated)}"] if generated else []
    if replaced:
        changes.append(
            f"took {', '.join(replaced)} from .env.secrets (containers that already run read a new value after "
            "`docker compose up --detach --force-recreate`)"
        )
    return "; ".join(changes) or "every password is unchanged"


def shown(folder: Path, name: str) -> str:
    """Return the password of this name. Raises ``Unusable``."""
    for password in ALL:
        if password.folder == name:
            if value := stored(folder, password):
                return value
            raise Unusable(f"{name} has no password yet: start the stack with `docker compose up` first")
    raise Unusable(f"there is no password {name!r}: choose one of {', '.join(one.folder for one in ALL)}")


def main(arguments: Sequence[str], env: Mapping[str, str], folder: Path = FOLDER) -> int:
    """Return the exit status: 1 for a failure, 2 for wrong usage, 78 for an invalid value in `.env.secrets`."""
    try:
        match arguments:
            case ["generate"]:
                sys.stderr.write(f"passwords: {generate(folder, env)}\n")
            case ["show", name]:
                sys.stdout.write(f"{shown(folder, name)}\n")
            case _:
                sys.stderr.write(f"{USAGE}\n")
                return 2
    except WrongSetting as error:
        sys.stderr.write(f"passwords: {error} (see .env.secrets)\n")
        return MISCONFIGURED
    except Unusable as error:
        sys.stderr.write(f"passwords: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
