"""Where the API listens, from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from observability.settings import WrongSetting, read_port

MAX_THREADS = 256


@dataclass(frozen=True)
class ApiSettings:
    """Address and number of threads of one replica."""

    host: str
    port: int
    threads: int

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> ApiSettings:
        """Read the settings. Raises ``WrongSetting``."""
        env = os.environ if env is None else env
        threads = env.get("THREADS", "8")
        if not threads.isdecimal() or not 1 <= int(threads) <= MAX_THREADS:
            raise WrongSetting("THREADS", threads, f"a whole number from 1 to {MAX_THREADS}")
        return cls(env.get("HOST", "127.0.0.1"), read_port(env, "PORT", 8001), int(threads))
