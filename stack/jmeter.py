"""Apache JMeter for ``make load-jmeter``, assembled in the cache from jars of Maven Central.

``lab/load/jmeter/pom.xml`` lists every jar with its version, ``lab/load/jmeter/jars.sha256`` lists their digests. Maven
compares each download with the repository's checksums; this module compares each jar with the committed digest.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from stack import disk, java, lock, network, tasks
from stack.errors import BuildFailed, NoNetwork
from stack.modules import program_home
from stack.paths import ROOT, cache_home
from stack.say import Say, clock

FOLDER = ROOT / "lab" / "load" / "jmeter"
MEGABYTES = 150
_MAIN = "ApacheJMeter"
_CONFIG = "ApacheJMeter_config"


@dataclass(frozen=True)
class Jars:
    """The committed list of digests: sha256 by file name."""

    digests: dict[str, str]

    @classmethod
    def read(cls, path: Path = FOLDER / "jars.sha256") -> Jars:
        """Parse lines in the format of ``sha256sum``."""
        pairs = (line.split() for line in path.read_text().splitlines() if line)
        return cls({name: digest for digest, name in pairs})

    @property
    def version(self) -> str:
        """JMeter's own version."""
        (name,) = (name for name in self.digests if name.startswith(f"{_MAIN}-"))
        return name.removeprefix(f"{_MAIN}-").removesuffix(".jar")

    @property
    def home(self) -> Path:
        """The folder where JMeter is assembled: each list of jars has its own folder."""
        digest = hashlib.sha256(repr(sorted(self.digests.items())).encode()).hexdigest()[:12]
        return program_home("jmeter", f"{self.version}-{digest}")

    def verify(self, folder: Path) -> None:
        """Raise BuildFailed unless the folder holds exactly these jars with these digests."""
        found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
        wrong = [
            *(f"{name} is missing" for name in sorted(self.digests.keys() - found.keys())),
            *(f"{name} is not in the list" for name in sorted(found.keys() - self.digests.keys())),
            *(
                f"{name} has the sha256 {found[name]} instead of {self.digests[name]}"
                for name in sorted(self.digests.keys() & found.keys())
                if found[name] != self.digests[name]
            ),
        ]
        if wrong:
            raise BuildFailed(
                f"JMeter's jars differ from lab/load/jmeter/jars.sha256 and are not used: {'; '.join(wrong)}."
            )


def obtain(say: Say) -> Path:
    """Return JMeter's home. JMeter is fetched and assembled, and Java is installed, if they are missing."""
    jars = Jars.read()
    java.java(say)
    if jars.home.exists():
        return jars.home

    def waiting(pid: int | None) -> None:
        say.line(f"  waiting: another Glasshouse (pid {pid}) is fetching JMeter")

    with lock.hold(cache_home() / "locks" / "jmeter.lock", waiting):
        if not jars.home.exists():
            fetch(jars, say)
    return jars.home


def fetch(jars: Jars, say: Say) -> None:
    """Download with Maven, verify, assemble in a temporary folder and rename, so that a partial home is never used."""
    jars.home.parent.mkdir(parents=True, exist_ok=True)
    disk.require(jars.home.parent, MEGABYTES, f"JMeter {jars.version}")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=jars.home.parent, prefix=".jmeter-") as folder:
        scratch = Path(folder)
        download(java.maven(say), scratch, jars.version, say, started)
        jars.verify(scratch / "jars")
        assemble(scratch / "jars", scratch / "home")
        (scratch / "home").rename(jars.home)
    say.under_way("")
    say.line(f"  JMeter {jars.version} fetched from Maven Central ({clock(time.monotonic() - started)})")


def download(program: Path, folder: Path, version: str, say: Say, started: float) -> None:
    """Run Maven with its own repository in the folder. Raises an error with one sentence if that fails."""
    log = cache_home() / "logs" / f"jmeter-{version}.log"
    command = [str(program), "--batch-mode", "--strict-checksums", "--file", str(FOLDER / "pom.xml")]
    command += [f"-Dmaven.repo.local={folder / 'repository'}", f"-DoutputDirectory={folder / 'jars'}"]
    code, output = tasks.run(
        [*command, "dependency:copy-dependencies"],
        log,
        lambda: say.under_way(f"  fetching JMeter {version}: {clock(time.monotonic() - started)}"),
    )
    if code == 0:
        return
    if network.disk_full(output):
        raise disk.full(folder.parent)
    if network.unreachable(output):
        raise NoNetwork(
            "JMeter cannot be fetched, because Maven's repository is unreachable: check the network (or Maven's "
            "settings.xml, which configures proxies and mirrors), then try again."
        )
    raise BuildFailed(f"fetching JMeter failed (log: {log}):\n{network.last_lines(output)}")


def assemble(jars: Path, home: Path) -> None:
    """Arrange the files as JMeter expects them: its configuration next to the program, its own jars in lib/ext."""
    for name in ("bin", "lib/ext", "lib/junit"):
        (home / name).mkdir(parents=True)
    for jar in jars.iterdir():
        name = jar.name.rsplit("-", 1)[0]
        if name == _MAIN:
            shutil.copy(jar, home / "bin" / f"{_MAIN}.jar")
        elif name == _CONFIG:
            configuration(jar, home / "bin")
        else:
            shutil.copy(jar, home / "lib" / ("ext" if name.startswith(f"{_MAIN}_") else ".") / jar.name)


def configuration(jar: Path, folder: Path) -> None:
    """Unpack the files of ``bin/`` that the program reads at start-up."""
    with zipfile.ZipFile(jar) as archive:
        for entry in archive.namelist():
            head, _, name = entry.rpartition("/")
            if head == "bin" and name.endswith((".properties", ".parameters", "log4j2.xml")):
                (folder / name).write_bytes(archive.read(entry))
