"""The images of docker-compose.yml: the real images if they can be pulled, otherwise stand-ins that are built here."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from stack import apt, lock, obtain, programs
from stack.paths import cache_home
from stack.say import Say
from tests.compose.engine import Engine, say
from tests.compose.run import output, run, versions

STANDINS = Path(__file__).parent / "standins"
SUITES = {
    "bookworm": ("sid", "python3,python3-venv,ca-certificates"),
    "forky": (
        "sid",
        "nginx,redis-server,prometheus,busybox-static,numactl,curl,gettext-base,libcurl4t64,"
        "prometheus-redis-exporter,prometheus-nginx-exporter,prometheus-node-exporter",
    ),
}
"""debootstrap's script and the packages by suite. Forky has .env's versions of NGINX, Redis and Prometheus."""
BUILT = {
    "alertmanager": "alertmanager",
    "jaeger": "jaeger",
    "loki": "victoria-logs",
    "collector": "otelcol",
    "mongo": "mongod",
}
"""The program that is copied into each stand-in."""
ON_OURS = "loki"
"""The stand-in that is based on our image and therefore built after it."""
LABEL = "glasshouse.standin"


def names() -> dict[str, str]:
    """The name of the real image in docker-compose.yml and the Dockerfile by stand-in target."""
    version = versions()
    return {
        "python": f"python:{version['PYTHON_VERSION']}-slim-bookworm",
        "nginx": f"nginx:{version['NGINX_VERSION']}",
        "mongo": f"mongo:{version['MONGO_VERSION']}",
        "redis": f"redis:{version['REDIS_VERSION']}",
        "prometheus": f"prom/prometheus:{version['PROMETHEUS_VERSION']}",
        "alertmanager": f"prom/alertmanager:{version['ALERTMANAGER_VERSION']}",
        "loki": f"grafana/loki:{version['LOKI_VERSION']}",
        "jaeger": f"jaegertracing/jaeger:{version['JAEGER_VERSION']}",
        "grafana": f"grafana/grafana:{version['GRAFANA_VERSION']}",
        "redis-exporter": f"oliver006/redis_exporter:{version['REDIS_EXPORTER_VERSION']}",
        "nginx-exporter": f"nginx/nginx-prometheus-exporter:{version['NGINX_EXPORTER_VERSION']}",
        "node-exporter": f"prom/node-exporter:{version['NODE_EXPORTER_VERSION']}",
        "collector": f"otel/opentelemetry-collector-contrib:{version['COLLECTOR_VERSION']}",
    }


def can_pull(engine: Engine) -> bool:
    """Return whether a registry responds for one of the images."""
    return engine.tries("manifest", "inspect", names()["nginx"], seconds=30).returncode == 0


def provide(engine: Engine) -> bool:
    """Ensure that the images exist. Return whether they are the real ones."""
    if can_pull(engine):
        say("uses the REAL images, pulled")
        return True
    say("no image can be pulled: uses STAND-INS built here, with the real images' entrypoints, users and paths;")
    say("  MongoDB is 6.0.5 in place of 8.0, Loki is VictoriaLogs with the log gateway on Loki's port,")
    say("  and Grafana is a server with only its health endpoint and its sign-in")
    obtain.everything(Say())
    for suite in SUITES:
        base(engine, suite)
    build_all(engine, [target for target in names() if target != ON_OURS])
    return False


def build_all(engine: Engine, targets: Sequence[str]) -> None:
    """Build the stand-ins of these targets."""
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder)
        for file in STANDINS.iterdir():
            shutil.copy(file, context)
        for target in targets:
            if program := BUILT.get(target):
                link_or_copy(programs.find(program), context / program)
            build(engine, context, target, names()[target])


def link_or_copy(program: Path, target: Path) -> None:
    """Add a file to the build context. A hard link saves time if possible."""
    try:
        os.link(program.resolve(), target)
    except OSError:
        shutil.copy(program, target)


def digest(engine: Engine, context: Path, target: str) -> str:
    """Return a digest of all inputs of the stand-in."""
    parts = [file.read_bytes() for file in sorted(STANDINS.iterdir())]
    if program := BUILT.get(target):
        parts.append(hashlib.sha256((context / program).read_bytes()).digest())
    if target == ON_OURS:
        parts.append(engine.docker("image", "inspect", "--format", "{{.Id}}", ours()).encode())
    return hashlib.sha256(b"\0".join([*parts, str(SUITES).encode()])).hexdigest()[:16]


def build(engine: Engine, context: Path, target: str, name: str) -> None:
    """Build a stand-in unless it exists."""
    wanted = digest(engine, context, target)
    shown = engine.tries("image", "inspect", "--format", f'{{{{index .Config.Labels "{LABEL}"}}}}', name)
    if shown.stdout.strip() == wanted:
        return
    say(f"builds a stand-in for {name}")
    engine.docker(
        *("buildx", "build", "--quiet", "--load", "--target", target, "--tag", name, "--label", f"{LABEL}={wanted}"),
        *("--build-arg", f"GLASSHOUSE_VERSION={versions()['GLASSHOUSE_VERSION']}"),
        str(context),
        seconds=300,
    )


def base(engine: Engine, suite: str) -> None:
    """Import a minimal Debian as an image. Its archive is kept, so that it is fetched once per machine."""
    name = f"standin-{suite}"
    script, packages = SUITES[suite]
    version = hashlib.sha256(packages.encode()).hexdigest()[:8]
    if engine.tries("image", "inspect", f"{name}:{version}").returncode:
        archive = cache_home() / "images" / f"{suite}-{version}.tar"
        with lock.hold(cache_home() / "locks" / "images.lock", lambda pid: say(f"waits for process {pid}")):
            if not archive.exists():
                bootstrap(suite, script, packages, archive)
        engine.docker("import", str(archive), f"{name}:{version}", seconds=300)
    engine.docker("tag", f"{name}:{version}", f"{name}:latest")


def bootstrap(suite: str, script: str, packages: str, archive: Path) -> None:
    """Fetch the packages and pack the root file system."""
    if not shutil.which("debootstrap"):
        apt.install(["debootstrap"], Say())
    say(f"fetches a minimal Debian {suite} (about a minute)")
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        root = Path(folder) / "root"
        # Without a mirror, debootstrap uses its default. An older debootstrap has no script for a newer suite, so pass
        # one.
        output(
            *("debootstrap", "--variant=minbase", f"--include={packages}", suite, str(root), ""),
            f"/usr/share/debootstrap/scripts/{script}",
            seconds=900,
        )
        run("chroot", str(root), "sh", "-c", "apt-get clean; rm -rf /var/lib/apt/lists/*")
        packed = Path(folder) / "root.tar"
        output("tar", "-C", str(root), "--exclude=./dev/*", "-cf", str(packed), ".", seconds=300)
        packed.rename(archive)


def build_ours(engine: Engine, folder: Path) -> None:
    """Build our image from our Dockerfile. `docker compose up` then builds it again from the cache.

    The stand-in for Loki is based on it. If packages are fetched through a proxy, it is built with the machine's
    certificates, which a plain `up` does not pass.
    """
    bundle = os.environ.get("PIP_CERT") or os.environ.get("REQUESTS_CA_BUNDLE")
    version = versions()
    engine.docker(
        *("buildx", "build", "--load", *(["--secret", f"id=ca,src={bundle}"] if bundle else [])),
        *("--build-arg", f"PYTHON_VERSION={version['PYTHON_VERSION']}"),
        *("--build-arg", f"VERSION={version['GLASSHOUSE_VERSION']}"),
        *("--tag", ours(), str(folder)),
        seconds=900,
    )


def ours() -> str:
    """Return the name of our image."""
    return f"glasshouse:{versions()['GLASSHOUSE_VERSION']}"
