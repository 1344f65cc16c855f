"""pymongo: operations and connection pools."""

from glasshouse_observability.versions import require_extra

# The modules of this package import others, whose unsupported versions may fail with an obscure error.
require_extra("mongo")
