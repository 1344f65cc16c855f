"""What can go wrong, as one tree::

ShopError
├── NotFound            the thing asked for is not there
├── ProductExists       a product with this id is on sale
├── EmailTaken          an account with this address exists
├── WrongCredentials    the address or the password is wrong
├── WrongState          the order is too far for what is asked of it
├── InvalidOrder        the order cannot be taken as it stands
│   └── UnknownProduct
├── IdempotencyKeyReused  the key was used before with another body
├── OutOfStock          not enough of a product is left
├── PaymentDeclined     the provider said no, and will say no again
├── StaleOrder          another process has advanced the order meanwhile
└── Unavailable         a dependency does not answer; the same call may succeed later
    ├── DatabaseUnavailable
    ├── QueueUnavailable
    ├── PaymentUnavailable
    ├── MailUnavailable
    └── RevocationsUnavailable
"""


class ShopError(Exception):
    """Any error of the shop; its message may be shown to a client."""


class NotFound(ShopError):
    """There is no ``kind`` with this id."""

    def __init__(self, kind: str, identifier: str) -> None:
        super().__init__(f"There is no {kind} {identifier!r}.")
        self.kind = kind


class ProductExists(ShopError):
    """There is a product with this id."""

    def __init__(self, product_id: str) -> None:
        super().__init__(f"There is a product {product_id!r} already; change it, or choose another id.")


class EmailTaken(ShopError):
    """There is an account with this e-mail address."""

    def __init__(self) -> None:
        super().__init__("There is an account with this e-mail address; log in instead.")


class WrongCredentials(ShopError):
    """The address is unknown or the password is wrong; the client is not shown which of the two."""

    def __init__(self) -> None:
        super().__init__("The e-mail address or the password is wrong.")


class WrongState(ShopError):
    """The order is in a state in which this cannot be done."""


class InvalidOrder(ShopError):
    """The order cannot be taken as it stands."""


class UnknownProduct(InvalidOrder):
    """A line names a product that the catalogue does not have."""

    def __init__(self, product_id: str) -> None:
        super().__init__(f"There is no product {product_id!r}; GET /api/v1/products lists what can be ordered.")
        self.product_id = product_id


class IdempotencyKeyReused(ShopError):
    """The same ``Idempotency-Key`` came before with another body."""

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another order; use a fresh key for a fresh order.")


class OutOfStock(ShopError):
    """Not enough of a product is left to reserve it."""

    def __init__(self, product_id: str) -> None:
        super().__init__(f"Not enough of {product_id!r} is in stock.")
        self.product_id = product_id


class PaymentDeclined(ShopError):
    """The payment provider refused the charge; asking again changes nothing."""


class StaleOrder(ShopError):
    """The order was advanced by another process since it was read."""


class Unavailable(ShopError):
    """A dependency does not answer now."""


class DatabaseUnavailable(Unavailable):
    """MongoDB does not answer or has no primary."""


class QueueUnavailable(Unavailable):
    """Redis does not accept jobs."""


class PaymentUnavailable(Unavailable):
    """The payment service does not answer, or answers that it cannot.

    ``retry_after`` is the number of seconds for which a retry is known to fail (an open circuit), else 0.
    """

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class MailUnavailable(Unavailable):
    """The mail server does not accept the message."""


class RevocationsUnavailable(Unavailable):
    """Whether a token was revoked is unknown, because the revocation list cannot be read."""
