"""One application with each kind of telemetry that is compared. gunicorn loads one module per variant."""
