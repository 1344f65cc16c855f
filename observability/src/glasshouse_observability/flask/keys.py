"""Keys of a request's WSGI environment through which other code and the instrumentation exchange values."""

ROUTE_KEY = "observability.route"
"""Where an application without Flask's rules may store the route template of a request, a text without ids."""
WAITED_KEY = "observability.waited_seconds"
"""Where a server may store the seconds that the request has waited for a thread, which are part of its duration."""
EXCHANGE_KEY = "observability.exchange"
"""Where the instrumentation stores the request in progress, for its own use."""
