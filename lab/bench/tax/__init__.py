"""The telemetry tax: what each way to observe a service adds to the CPU time of its requests."""
