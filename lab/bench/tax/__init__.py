"""The telemetry tax: the CPU time that each way to observe a service adds to its requests."""
