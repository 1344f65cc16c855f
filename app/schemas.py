"""Models of requests and responses: they validate input, and the OpenAPI document is generated from them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictInt

from shop.domain.account import Role
from shop.domain.order import MAX_LINES, MAX_QUANTITY, OrderStatus

PRODUCT_ID = r"^[a-z0-9][a-z0-9-]{0,79}$"
ORDER_ID = r"^ord_[0-9a-f]{32}$"
ProductId = Annotated[str, Field(pattern=PRODUCT_ID, strict=True)]
OrderId = Annotated[str, Field(pattern=ORDER_ID, strict=True)]
# Deliberately not all of RFC 5322: one @, no spaces or control characters, a dot in the domain.
Email = Annotated[str, Field(pattern=r"^[^\s@\x00-\x1f\x7f]{1,64}@[A-Za-z0-9.-]{1,180}\.[A-Za-z]{2,24}$", strict=True)]
Password = Annotated[str, Field(min_length=10, max_length=128, strict=True)]
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$", strict=True)]
Cents = Annotated[int, Field(ge=0, le=100_000_000, strict=True)]
Pieces = Annotated[int, Field(ge=0, le=10_000_000, strict=True)]


class Input(BaseModel):
    """Base of request models. Unknown members are rejected: a misspelt one must not be ignored silently."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Output(BaseModel):
    """Base of response models."""

    model_config = ConfigDict(extra="forbid")


class Credentials(Input):
    """E-mail address and password."""

    email: Email
    password: Password


class Item(Input):
    """A product and its quantity."""

    product_id: ProductId
    quantity: StrictInt = Field(ge=1, le=MAX_QUANTITY)


class OrderRequest(Input):
    """The body of ``POST /api/v1/orders``."""

    items: list[Item] = Field(min_length=1, max_length=MAX_LINES)


class PageQuery(Input):
    """Query of a page of products: its size, and the id after which it starts."""

    limit: int = Field(default=20, ge=1, le=100)
    after: ProductId | None = None


class SearchQuery(Input):
    """Query of a product search."""

    q: Text
    limit: int = Field(default=20, ge=1, le=100)


class OrdersQuery(Input):
    """Query of a page of orders, newest first."""

    limit: int = Field(default=20, ge=1, le=100)
    after: OrderId | None = None
    status: OrderStatus | None = None
    created_from: AwareDatetime | None = None
    created_before: AwareDatetime | None = None


class DeadLettersQuery(Input):
    """Query of a page of dead letters."""

    limit: int = Field(default=20, ge=1, le=100)
    after: OrderId | None = None


class NewProduct(Input):
    """The body of ``POST /api/v1/admin/products``."""

    id: ProductId
    name: Text
    category: Text
    description: Annotated[str, Field(max_length=2000, strict=True)] = ""
    price_cents: Cents
    stock: Pieces


class Price(Input):
    """A new price, in cents."""

    price_cents: Cents


class Stock(Input):
    """A new stock level, in pieces."""

    stock: Pieces


class ProductAnswer(Output):
    """A product."""

    id: str
    name: str
    category: str
    description: str
    price_cents: int
    currency: str
    stock: int


class ProductPage(Output):
    """A page of products; ``next`` is the link to the following page."""

    items: list[ProductAnswer]
    next: str | None


class ProductList(Output):
    """Products, best match first."""

    items: list[ProductAnswer]


class HomeAnswer(Output):
    """The front page."""

    best_sellers: list[ProductAnswer]
    first_page: list[ProductAnswer]


class LineAnswer(Output):
    """A line of an order, with the name and price at the time it was placed."""

    product_id: str
    name: str
    quantity: int
    unit_price_cents: int


class StepAnswer(Output):
    """A state and the time it was reached."""

    status: OrderStatus
    at: datetime


class DeadLetterAnswer(Output):
    """Why and when the workers gave up on an order."""

    reason: str
    at: datetime


class OrderAnswer(Output):
    """An order."""

    id: str
    status: OrderStatus
    items: list[LineAnswer]
    total_cents: int
    currency: str
    created_at: datetime
    updated_at: datetime
    history: list[StepAnswer]
    request_id: str | None
    trace_id: str | None
    reason: str | None = None
    dead_letter: DeadLetterAnswer | None = None


class OrderPage(Output):
    """A page of orders; ``next`` is the link to the following page."""

    items: list[OrderAnswer]
    next: str | None


class Tokens(Output):
    """An access token, and a refresh token to get new ones."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"]


class AccountAnswer(Output):
    """The account of the caller."""

    id: str
    role: Role


class Dependency(Output):
    """The state of a dependency."""

    state: Literal["up", "down"]
    error: str | None = None
    latency_seconds: float


class Readiness(Output):
    """Whether the process can serve requests."""

    status: Literal["ready", "degraded", "unready", "draining"]
    dependencies: dict[str, Dependency]


class Alive(Output):
    """The process responds."""

    status: Literal["alive"]


class Fault(Output):
    """One validation error of the request."""

    pointer: str
    detail: str


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
    request_id: str | None = None
    errors: list[Fault] | None = None
