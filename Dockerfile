# One image for all our processes. The command selects the process (see docker-compose.yml).
# If a proxy with its own certificate serves the packages: docker build --secret id=ca,src=<bundle> .
ARG PYTHON_VERSION=3.11.15

FROM python:${PYTHON_VERSION}-slim-bookworm AS build
# Packages are installed first, so that this layer is rebuilt only when the lock file changes.
COPY requirements/run.txt /tmp/run.txt
RUN --mount=type=secret,id=ca,target=/tmp/ca.crt \
    --mount=type=cache,target=/root/.cache/pip \
    if [ -s /tmp/ca.crt ]; then export PIP_CERT=/tmp/ca.crt; fi \
    && python -m venv /venv \
    && /venv/bin/pip install --disable-pip-version-check --no-deps --require-hashes -r /tmp/run.txt \
    && python -m compileall -q -j 2 --invalidation-mode unchecked-hash /venv
COPY observability /tmp/observability
RUN /venv/bin/pip install --disable-pip-version-check --no-deps --no-index --no-build-isolation /tmp/observability \
    && python -m compileall -q --invalidation-mode unchecked-hash /venv/lib/python*/site-packages/glasshouse_observability \
    && /venv/bin/pip uninstall --yes --quiet pip setuptools flit-core
COPY . /app
RUN rm -r /app/requirements /app/observability \
    && python -m compileall -q -j 2 --invalidation-mode unchecked-hash /app

FROM python:${PYTHON_VERSION}-slim-bookworm
# A new named volume inherits the owner of the directory that it is mounted on. These directories are for volumes that
# users other than root write to: our own processes, and images that lack such a directory. Each password has its volume
# under /run/secrets.
RUN groupadd --gid 10001 glasshouse \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin glasshouse \
    && install -d -o 10001 -g 10001 -m 2775 /var/log/glasshouse \
    && install -d -o 10001 -g 10001 -m 0755 /var/lib/glasshouse /var/lib/glasshouse/console \
        /var/lib/glasshouse/faults /var/lib/glasshouse/targets /var/lib/otelcol /badger \
    && for name in grafana shop-admin jwt mongo-key mongo-root mongo-shop mongo-payments mongo-monitor redis; do \
        install -d -o 10001 -g 10001 -m 0750 "/run/secrets/$name"; done
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
# All .pyc files exist, and the root file system is read-only.
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
ENTRYPOINT ["python", "/app/deploy/compose/start.py"]
CMD ["python", "-m", "gunicorn", "-c", "app/gunicorn.conf.py", "app.wsgi:app"]
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-E", "-S", "/app/deploy/compose/healthy.py"]

ARG VERSION=0.0.0
ARG REVISION=unknown
ENV OBSERVABILITY_VERSION=${VERSION}
LABEL org.opencontainers.image.title="Glasshouse" \
      org.opencontainers.image.description="A shop backend with complete observability: API, workers, payments, console" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="python:3.11-slim-bookworm"
