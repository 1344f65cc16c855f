"""One application, wired for telemetry in the ways that are compared; each module is what gunicorn loads."""
