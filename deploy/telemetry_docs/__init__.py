"""Generates docs/reference/telemetry.md from the schema and the code: ``python -m deploy.telemetry_docs``.

``schema.yaml`` declares log events, log fields and span attributes. Metrics are declared where they are created, with
name, help text and labels, and read from there.
"""
