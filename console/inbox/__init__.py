"""The inbox: alerts by webhook and e-mail by SMTP, kept on disk; whether both can be received (health)."""
