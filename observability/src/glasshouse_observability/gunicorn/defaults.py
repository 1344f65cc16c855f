"""gunicorn settings of a replica with one process. In ``gunicorn.conf.py``, where gunicorn finds them by name::

    from glasshouse_observability.gunicorn.defaults import accesslog, control_socket_disable, keepalive, worker_tmp_dir

Settings that differ between services (port, threads, time limits) are set in the configuration of each service.
"""

accesslog: str | None = None
"""Each request is logged once, by the library."""

control_socket_disable = True

# Longer than NGINX keeps an idle connection, so that a new request never meets a connection that is being closed.
keepalive = 75

# Two processes that share a disk must not share a heartbeat file, and a heartbeat must not wait for a busy disk.
worker_tmp_dir = "/dev/shm"  # noqa: S108
