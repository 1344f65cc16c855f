"""``/api/v1/products`` and ``/api/v1/home``."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import orjson
from flask import Blueprint, Response, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from app.answers import product_answer
from app.schemas import PRODUCT_ID, HomeAnswer, PageQuery, ProductAnswer, ProductList, ProductPage, SearchQuery
from app.spec import operation
from shop.domain.errors import NotFound
from shop.ports import Browsing, Catalogue

_PRODUCT_ID = re.compile(PRODUCT_ID)
PATH_PRODUCT = {"product_id": {"type": "string", "pattern": PRODUCT_ID}}
FRESH_SECONDS = 5
"""Seconds for which a client or a CDN may cache a product."""
STALE_SECONDS = 60


def blueprint(catalogue: Catalogue, browsing: Browsing) -> Blueprint:
    """Register the views that show and search products."""
    api = Blueprint("products", __name__, url_prefix="/api/v1")

    @api.get("/products")
    @operation(
        summary="A page of the catalogue",
        tag="products",
        query=PageQuery,
        answers={200: ProductPage, 304: None},
        problems=(422,),
    )
    def page() -> ResponseReturnValue:
        query = PageQuery.model_validate(request.args.to_dict())
        found, age, stale = browsing.look_through(query.limit, query.after)
        full = len(found) == query.limit
        following = url_for("products.page", limit=query.limit, after=found[-1].id) if full else None
        return cacheable({"items": [product_answer(product) for product in found], "next": following}, age, stale)

    @api.get("/products/<product_id>")
    @operation(
        summary="A product",
        tag="products",
        path=PATH_PRODUCT,
        answers={200: ProductAnswer, 304: None},
        problems=(404,),
    )
    def show(product_id: str) -> ResponseReturnValue:
        seen = browsing.look_at(known_form(product_id))
        return cacheable(product_answer(seen.product), seen.age, seen.stale)

    @api.get("/products/search")
    @operation(
        summary="Search products, best match first",
        tag="products",
        query=SearchQuery,
        answers={200: ProductList},
        problems=(422,),
    )
    def search() -> ResponseReturnValue:
        query = SearchQuery.model_validate(request.args.to_dict())
        found = catalogue.search(query.q, query.limit)
        return jsonify({"items": [product_answer(product) for product in found]})

    @api.get("/home")
    @operation(summary="The front page in one response", tag="products", answers={200: HomeAnswer, 304: None})
    def home() -> ResponseReturnValue:
        shown = browsing.home()
        body = {
            "best_sellers": [product_answer(product) for product in shown.best_sellers],
            "first_page": [product_answer(product) for product in shown.first_page],
        }
        return cacheable(body, shown.age, shown.stale)

    return api


def known_form(product_id: str) -> str:
    """Return the id if it has the form of a product id.

    Raises ``NotFound`` otherwise, because no such product can exist.
    """
    if not _PRODUCT_ID.fullmatch(product_id):
        raise NotFound("product", product_id[:80])
    return product_id


def cacheable(body: Mapping[str, Any], age: float, stale: bool) -> Response:
    """Return a response that clients and NGINX may cache (``ETag``, ``Cache-Control``, ``Age``), or a 304.

    The status is 304 if the client's ``ETag`` matches. A stale copy, served because the database is down, has
    ``Warning: 110`` (RFC 7234, section 5.5.1; there is no newer standard for it) and must not be stored.
    """
    raw = orjson.dumps(body)
    response = Response(raw, content_type="application/json")
    response.set_etag(hashlib.blake2b(raw, digest_size=12).hexdigest())
    response.headers["Age"] = str(int(age))
    if stale:
        response.headers["Warning"] = '110 glasshouse "Response is Stale"'
        response.headers["Cache-Control"] = "no-store"
    else:
        response.headers["Cache-Control"] = (
            f"public, max-age={FRESH_SECONDS}, stale-while-revalidate={STALE_SECONDS}, stale-if-error={STALE_SECONDS}"
        )
    response.make_conditional(request)
    return response
