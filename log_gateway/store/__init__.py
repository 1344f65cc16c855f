"""VictoriaLogs as the gateway's store: LogQL translated to LogsQL, rows translated back."""
