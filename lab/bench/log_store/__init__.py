"""The cost of the log store: time to find a request, ingestion rate, disk and memory."""
