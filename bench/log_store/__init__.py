"""What the log store costs: time to find a request, rate of ingestion, disk and memory."""
