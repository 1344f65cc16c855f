"""RQ's job, as the orders' queue needs it: gone in one round trip when it has succeeded."""

from __future__ import annotations

from redis.client import Pipeline
from rq.job import Job
from rq.results import Result


class OrderJob(Job):
    """A job whose result is not kept (``result_ttl`` is 0): the order holds the outcome."""

    def cleanup(self, ttl: int | None = None, pipeline: Pipeline | None = None, remove_from_queue: bool = True) -> None:
        """As RQ's.

        RQ asks Redis seven times what it is to delete: the job's status and, twice, its executions. Of a job that a
        worker has just carried out both are known; the execution itself is the worker's to remove, in the same
        transaction. One that another worker left when it died runs out by itself, as all of them do.
        """
        if ttl != 0 or pipeline is None or remove_from_queue or self.group_id or self.has_rate_limit:
            super().cleanup(ttl, pipeline, remove_from_queue)
            return
        results = Result.get_key(self.id)  # type: ignore[no-untyped-call]
        pipeline.delete(self.key, self.dependents_key, self.dependencies_key, results, self.execution_registry.key)
