"""JMeter's process, from the start of the JVM to its last result."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from lab.load import address
from lab.load.generator.plan import Plan
from lab.load.jmeter.results import Results, StrangeResult
from lab.load.profiles.model import MOST_REQUESTS, Profile, WrongProfile
from lab.load.run.process import END_SECONDS, GeneratorFailed

FOLDER = Path(__file__).parent
START_SECONDS = 60.0
ASK_AGAIN_SECONDS = 5.0
# Only the first JIT tier: the second would cost more of the shared cores than it saves within minutes.
JVM = ("-Xms64m", "-Xmx768m", "-Xss512k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")


def ramp_seconds(profile: Profile) -> int:
    """Return the ramp-up time. Raises ``WrongProfile`` if users are not started at a constant rate and kept."""
    first, *rest = profile.stages
    if any(stage.to != 1 for stage in profile.stages) or len(rest) > 1 or profile.breaks:
        raise WrongProfile(
            f"JMeter cannot run {profile.name}: it runs profiles with one ramp-up (smoke, steady, soak)."
        )
    return max(1, round(first.share * profile.seconds))


class JMeter:
    """``java -jar <home>/bin/ApacheJMeter.jar -n -t customers.jmx``; its files go to ``folder``."""

    def __init__(self, home: Path, plan: Plan, folder: Path) -> None:
        self._plan, self._stopped, self._asked = plan, False, 0.0
        self._results, self._log = folder / "results.csv", folder / "jmeter.log"
        self._control = _free_udp_port()
        with (folder / "generator.log").open("w") as said:
            self.process = subprocess.Popen(
                command(home, plan, folder, self._control),
                cwd=folder,
                # It does not need our addresses, secrets or proxies.
                env={name: os.environ[name] for name in ("PATH", "HOME", "LANG", "JAVA_HOME") if name in os.environ},
                stdout=said,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield its results every few seconds until it has exited. Raises ``GeneratorFailed``."""
        self._started()
        results, begun = Results(self._results), time.monotonic()
        running = True
        while running:
            running = self._runs(self._plan.every_seconds)
            second = time.monotonic() - begun
            self._check(running, second)
            try:
                fresh = results.fresh()
            except StrangeResult as error:
                raise GeneratorFailed(str(error)) from error
            line = {"at": round(second, 2), "users": results.users, "fresh": fresh.as_json()}
            if not running:
                ended = "most requests" if results.requests >= MOST_REQUESTS else "done"
                line |= {"ended": "stopped" if self._stopped else ended, "orders": results.orders, "lag": {}}
            yield line

    def stop(self) -> None:
        """Stop it; users finish their current request. The command is repeated because JMeter may not listen yet."""
        self._stopped, self._asked = True, time.monotonic()
        if self.process.poll() is None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
                control.sendto(b"Shutdown", ("127.0.0.1", self._control))

    def _started(self) -> None:
        """Wait for the first result, which starts the run. The time before the first result is the start of the JVM."""
        deadline = time.monotonic() + START_SECONDS
        while not self._has_results():
            if not self._runs(0.1):
                return
            self._check(True, 0.0)
            if time.monotonic() > deadline:
                raise GeneratorFailed(f"JMeter sent nothing within {START_SECONDS:.0f} s ({self._log})")

    def _has_results(self) -> bool:
        # The first line is the header.
        return self._results.exists() and self._results.read_bytes().count(b"\n") > 1

    def _runs(self, seconds: float) -> bool:
        """Return whether it is still running after this many seconds."""
        if self._stopped and time.monotonic() - self._asked > ASK_AGAIN_SECONDS:
            self.stop()
        try:
            self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return True
        return False

    def _check(self, running: bool, second: float) -> None:
        # A failing script would also skip the pauses, so JMeter sends no more requests in that case.
        log = self._log.read_text().splitlines() if self._log.exists() else []
        if error := next((line for line in log if " ERROR " in line), ""):
            raise GeneratorFailed(f"JMeter reports an error: {error} ({self._log})")
        if not running and (self.process.returncode or not self._results.exists()):
            raise GeneratorFailed(f"JMeter ended with {self.process.returncode}: {self._said()}")
        if running and second > self._plan.profile.seconds + END_SECONDS:
            raise GeneratorFailed(f"JMeter did not end within {END_SECONDS:.0f} s after its duration ({self._log})")

    def _said(self) -> str:
        lines = (self._log.with_name("generator.log")).read_text().strip().splitlines()
        return f"{lines[-1] if lines else 'no output'} ({self._log})"

    def __enter__(self) -> JMeter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.stop()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=END_SECONDS)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def command(home: Path, plan: Plan, folder: Path, control: int) -> list[str]:
    """Return the command. Raises ``ForeignHost``. JMeter gets only the port; the address is fixed in customers.jmx."""
    port = address.checked(plan.url).rsplit(":", 1)[1]
    properties = {
        "port": port,
        "users": plan.profile.users,
        "seconds": round(plan.profile.seconds),
        "ramp": ramp_seconds(plan.profile),
        "scripts": FOLDER,
        "jmeterengine.nongui.port": control,
        "jmeterengine.nongui.maxport": control,
    }
    return [
        "java",
        *JVM,
        "-Djava.awt.headless=true",
        f"-Djava.util.prefs.userRoot={folder}",
        *("-jar", str(home / "bin" / "ApacheJMeter.jar"), "--nongui"),
        *("--testfile", str(FOLDER / "customers.jmx"), "--addprop", str(FOLDER / "jmeter.properties")),
        *("--logfile", str(folder / "results.csv"), "--jmeterlogfile", str(folder / "jmeter.log")),
        *(f"-J{name}={value}" for name, value in properties.items()),
    ]


def _free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
