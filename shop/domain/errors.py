"""The tree of the shop's errors::

ShopError ├── NotFound            the requested object does not exist ├── ProductExists       a product with this id
exists ├── EmailTaken          an account with this address exists ├── WrongCredentials    the address or the password
is wrong ├── WrongState          the order's state does not allow the action ├── InvalidOrder        the order cannot be
accepted │   └── UnknownProduct ├── IdempotencyKeyReused  the key was used before with another body ├── OutOfStock not
enough of a product is left ├── PaymentDeclined     the provider rejected the charge permanently ├── StaleOrder another
process has advanced the order meanwhile └── Unavailable         a dependency does not respond; the same call may
succeed later
    ├── DatabaseUnavailable
    ├── QueueUnavailable
    ├── PaymentUnavailable
    ├── MailUnavailable
    └── RevocationsUnavailable
"""


class ShopError(Exception):
    """Base of the shop's errors; the message may be shown to a client."""


class NotFound(ShopError):
    """There is no ``kind`` with this id."""

    def __init__(self, kind: str, identifier: str) -> None:
        super().__init__(f"There is no {kind} {identifier!r}.")
        self.kind = kind


class ProductExists(ShopError):
    """A product with this id exists."""

    def __init__(self, product_id: str) -> None:
        super().__init__(f"A product {product_id!r} already exists; change it, or choose another id.")


class EmailTaken(ShopError):
    """An account with this e-mail address exists."""

    def __init__(self) -> None:
        super().__init__("An account with this e-mail address already exists; log in instead.")


class WrongCredentials(ShopError):
    """The address is unknown or the password is wrong; the message does not state which."""

    def __init__(self) -> None:
        super().__init__("The e-mail address or the password is wrong.")


class WrongState(ShopError):
    """The state of the order does not allow the action."""


class InvalidOrder(ShopError):
    """The order cannot be accepted."""


class UnknownProduct(InvalidOrder):
    """A line names a product that is not in the catalogue."""

    def __init__(self, product_id: str) -> None:
        super().__init__(f"There is no product {product_id!r}; GET /api/v1/products lists all products.")
        self.product_id = product_id


class IdempotencyKeyReused(ShopError):
    """The same ``Idempotency-Key`` was used before with another body."""

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was already used for another order; use a new key for a new order.")


class OutOfStock(ShopError):
    """There are too few pieces of a product left to reserve them."""

    def __init__(self, product_id: str) -> None:
        super().__init__(f"Not enough of {product_id!r} is in stock.")
        self.product_id = product_id


class PaymentDeclined(ShopError):
    """The payment provider rejected the charge; a retry has the same result."""


class StaleOrder(ShopError):
    """Another process has advanced the order since it was read."""


class Unavailable(ShopError):
    """A dependency does not respond."""


class DatabaseUnavailable(Unavailable):
    """MongoDB does not respond or has no primary."""


class QueueUnavailable(Unavailable):
    """Redis does not accept jobs."""


class PaymentUnavailable(Unavailable):
    """The payment service does not respond, or reports a failure.

    ``retry_after`` is the number of seconds for which a retry is known to fail (an open circuit), else 0.
    """

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class MailUnavailable(Unavailable):
    """The mail server does not accept the message."""


class RevocationsUnavailable(Unavailable):
    """It is unknown whether a token was revoked, because the revocation list cannot be read."""
