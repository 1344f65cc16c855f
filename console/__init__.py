"""The control room: receives alerts and e-mail, shows them, and follows one order through every server.

``python -m console`` is the server (web page, alert webhook, SMTP), ``python -m console.follow`` tells in the
terminal what became of one order.
"""
