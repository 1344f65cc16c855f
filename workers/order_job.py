"""The RQ job class of the orders' queue: a job that has succeeded is deleted in one round trip."""

from __future__ import annotations

from redis.client import Pipeline
from rq.job import Job
from rq.results import Result


class OrderJob(Job):
    """A job whose result is not kept (``result_ttl`` is 0): the order holds the outcome."""

    def cleanup(self, ttl: int | None = None, pipeline: Pipeline | None = None, remove_from_queue: bool = True) -> None:
        """Delete the job like RQ's method.

        RQ sends Redis seven commands to find out what to delete: the job's status and, twice, its executions. For a job
        that a worker has just finished both are known; the worker removes the execution itself, in the same
        transaction. An execution left by a worker that died expires, as all executions do.
        """
        if ttl != 0 or pipeline is None or remove_from_queue or self.group_id or self.has_rate_limit:
            super().cleanup(ttl, pipeline, remove_from_queue)
            return
        results = Result.get_key(self.id)  # type: ignore[no-untyped-call]
        pipeline.delete(self.key, self.dependents_key, self.dependencies_key, results, self.execution_registry.key)
