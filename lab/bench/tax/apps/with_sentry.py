"""The application with sentry-sdk and tracing, set up as in its quick start. It detects Flask, Redis and pymongo."""

import os

import sentry_sdk

sentry_sdk.init(dsn=os.environ["SENTRY_DSN"], traces_sample_rate=float(os.environ["SENTRY_RATE"]))

from lab.bench.tax.apps.shop import connect, create_app  # noqa: E402 (after the SDK has patched what it uses)

app = create_app(*connect())
