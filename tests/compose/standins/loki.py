#!/venv/bin/python
"""A stand-in for the Loki binary: VictoriaLogs with the log gateway on Loki's port, its data in Loki's volume.

It has the same arguments: ``-health`` checks readiness. All others are Loki settings, which do not apply here.
"""

import os
import signal
import subprocess
import sys
import urllib.request

STORE = "127.0.0.1:9428"


def healthy() -> int:
    """Return 0 if the gateway and its store respond."""
    try:
        with urllib.request.urlopen("http://127.0.0.1:3100/ready", timeout=5) as answer:
            return 0 if answer.status == 200 else 1
    except OSError:
        return 1


def serve() -> int:
    """Run both until one exits or a signal is received."""
    store = [
        "/usr/bin/victoria-logs",
        f"-httpListenAddr={STORE}",
        "-storageDataPath=/loki/victorialogs",
        "-retentionPeriod=3d",
        "-inmemoryDataFlushInterval=1s",
        "-http.connTimeout=24h",
        "-defaultMsgValue=",
        "-memory.allowedBytes=64MiB",
        "-loggerLevel=WARN",
    ]
    gateway = ["/venv/bin/python", "-m", "gunicorn", "-c", "log_gateway/gunicorn.conf.py", "log_gateway.wsgi:app"]
    settings = {
        "HOST": "0.0.0.0",
        "PORT": "3100",
        "VICTORIALOGS_URL": f"http://{STORE}",
        "OBSERVABILITY_INSTANCE": "loki",
    }
    # The environment of the real image is for a Go program with a different memory footprint.
    environment = {name: value for name, value in os.environ.items() if name != "GOMEMLIMIT"} | settings
    processes = [
        subprocess.Popen(store, env=environment | {"GOMEMLIMIT": "120MiB"}),
        subprocess.Popen(gateway, cwd="/app", env=environment),
    ]
    # Blocked only now, because children inherit the mask.
    awaited = {signal.SIGTERM, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
    stopped = False
    while not stopped and all(process.poll() is None for process in processes):
        stopped = signal.sigwait(awaited) == signal.SIGTERM
    # Stop the gateway first: the Collector resends batches that were not acknowledged.
    for process in reversed(processes):
        process.terminate()
        process.wait()
    return 0 if stopped else 1


if __name__ == "__main__":
    sys.exit(healthy() if "-health" in sys.argv else serve())
