"""The inbox: receives alerts by webhook and e-mail by SMTP, stores them on disk, and reports its own health."""
