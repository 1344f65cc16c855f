"""gunicorn settings; PORT and WEB_CONCURRENCY (the number of workers) are read from the environment."""

import os

from glasshouse_observability.gunicorn import child_exit, json_logs, post_fork, pre_fork, when_ready

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
threads = 4
logconfig_dict = json_logs("guestbook")
