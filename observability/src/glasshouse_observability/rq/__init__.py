"""RQ: traces, metrics and log lines of jobs, for every queue and worker of a process."""

from glasshouse_observability.versions import require_extra

# An unsupported version may fail with an obscure error in the modules below.
require_extra("rq")

from glasshouse_observability.rq.instrumentation import declare_jobs, instrument_rq, uninstrument_rq, watch_queues  # noqa: E402
from glasshouse_observability.rq.pool import UnsupportedWorker  # noqa: E402
from glasshouse_observability.rq.workers import ObservedWorker, ReusingWorker  # noqa: E402

__all__ = [
    "ObservedWorker",
    "ReusingWorker",
    "UnsupportedWorker",
    "declare_jobs",
    "instrument_rq",
    "uninstrument_rq",
    "watch_queues",
]
