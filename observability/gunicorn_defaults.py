"""gunicorn settings of a replica of one process. In ``gunicorn.conf.py``, where gunicorn finds them by their names::

    from observability.gunicorn_defaults import accesslog, control_socket_disable, keepalive, worker_tmp_dir

What differs between services (port, threads, time limits) each writes itself.
"""

accesslog: str | None = None
"""Each request is logged once, by the library."""

control_socket_disable = True

# Longer than NGINX keeps an idle connection: it never gets "closed" in answer to a fresh request.
keepalive = 75

# Two processes that share a disk must not share a heartbeat file, and a heartbeat must not wait for a busy disk.
worker_tmp_dir = "/dev/shm"  # noqa: S108
