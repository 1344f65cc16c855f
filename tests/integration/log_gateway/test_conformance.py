"""VictoriaLogs with the log gateway answers LogQL as Loki does, over lines whose correct answers are known."""

from tests.logql.conformance import *  # noqa: F403
