"""VictoriaLogs as the gateway's store: LogQL is translated to LogsQL, and rows are translated back."""
