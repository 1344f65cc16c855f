"""``/api/v1/admin``: endpoints for administrators of the shop."""

from __future__ import annotations

import logging

from flask import Blueprint, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from app.answers import order_answer, product_answer
from app.bodies import json_body
from app.identity import required_admin
from app.orders import PATH_ORDER
from app.orders import known_form as order_form
from app.products import PATH_PRODUCT
from app.products import known_form as product_form
from app.schemas import DeadLettersQuery, NewProduct, OrderAnswer, OrderPage, Price, ProductAnswer, Stock
from app.spec import operation
from shop.domain.product import Product
from shop.ports import Catalogue, Orders
from shop.services import RetryDeadLetter

_log = logging.getLogger("app.admin")


def blueprint(catalogue: Catalogue, orders: Orders, retry_dead_letter: RetryDeadLetter) -> Blueprint:
    """Register the views for products, prices, stock, and orders that could not be fulfilled."""
    api = Blueprint("admin", __name__, url_prefix="/api/v1/admin")

    # The role is checked before the body is read: input from unauthorised callers is not validated.
    @api.before_request
    def admins_only() -> None:
        required_admin()

    @api.post("/products")
    @operation(
        summary="Create a product",
        tag="admin",
        body=NewProduct,
        answers={201: ProductAnswer},
        problems=(409, 422),
        auth="admin",
    )
    def add() -> ResponseReturnValue:
        new = NewProduct.model_validate_json(json_body(request))
        product = catalogue.add(Product(new.id, new.name, new.category, new.description, new.price_cents, new.stock))
        _log.info("product added", extra={"event": "product.added", "product_id": product.id})
        return jsonify(product_answer(product)), 201, {"Location": url_for("products.show", product_id=product.id)}

    @api.put("/products/<product_id>/price")
    @operation(
        summary="Change the price of a product",
        tag="admin",
        path=PATH_PRODUCT,
        body=Price,
        answers={200: ProductAnswer},
        problems=(404, 422),
        auth="admin",
    )
    def price(product_id: str) -> ResponseReturnValue:
        wanted = Price.model_validate_json(json_body(request))
        product = catalogue.change(product_form(product_id), price_cents=wanted.price_cents)
        extra = {"event": "product.price_changed", "product_id": product.id, "price_cents": product.price_cents}
        _log.info("price changed", extra=extra)
        return jsonify(product_answer(product))

    @api.put("/products/<product_id>/stock")
    @operation(
        summary="Set the stock of a product",
        tag="admin",
        path=PATH_PRODUCT,
        body=Stock,
        answers={200: ProductAnswer},
        problems=(404, 422),
        auth="admin",
    )
    def stock(product_id: str) -> ResponseReturnValue:
        wanted = Stock.model_validate_json(json_body(request))
        product = catalogue.change(product_form(product_id), stock=wanted.stock)
        _log.info(
            "stock set", extra={"event": "product.stock_set", "product_id": product.id, "product_stock": product.stock}
        )
        return jsonify(product_answer(product))

    @api.get("/dead-letters")
    @operation(
        summary="Dead-lettered orders, which are no longer processed, with the reason",
        tag="admin",
        query=DeadLettersQuery,
        answers={200: OrderPage},
        problems=(422,),
        auth="admin",
    )
    def dead_letters() -> ResponseReturnValue:
        query = DeadLettersQuery.model_validate(request.args.to_dict())
        found = orders.dead_letters(query.limit, query.after)
        full = len(found) == query.limit
        following = url_for("admin.dead_letters", limit=query.limit, after=found[-1].id) if full else None
        return jsonify({"items": [order_answer(order) for order in found], "next": following})

    @api.post("/dead-letters/<order_id>/retry")
    @operation(
        summary="Retry a dead-lettered order",
        tag="admin",
        path=PATH_ORDER,
        answers={202: OrderAnswer},
        problems=(404,),
        auth="admin",
    )
    def retry(order_id: str) -> ResponseReturnValue:
        return jsonify(order_answer(retry_dead_letter(order_form(order_id)))), 202

    return api
