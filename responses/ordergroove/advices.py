"""What to do about the complaints that Ordergroove is documented to make, in our own words.

The wording of complaints may change at any time: nothing is decided from it but which sentence of advice is shown.
"""

from __future__ import annotations

import re

import msgspec

_SAME_ID = "Then send the order again within 24 hours, with the same order id: no subscription was created."
_ONLY_FAILED = (
    "Send only the failed products again, under a new order id and within 24 hours: any others exist already."
)
_ONLY_FAILED_ROWS = "Send only the failed rows again: the others are done."
"""The same for bulk calls, which have no order and no clock that matters to a cart."""


class Advice(msgspec.Struct, frozen=True):
    """A sentence of advice, and when it holds: the first that fits wins."""

    text: str
    says: str = ""
    """A pattern that is searched in the message, small and capital letters alike."""
    field: str = ""
    """A pattern that is searched in the field's path."""
    codes: tuple[int, ...] = ()
    endpoint: str = ""
    """A part of the endpoint's name."""


_PURCHASE = "/subscription/create"
_STATUS = "/subscription/{id}/response"

ADVICES: tuple[Advice, ...] = (
    Advice(
        "The status is asked for an id that Ordergroove does not know: check that production and staging are not "
        "mixed up. "
        "If the id is old, look the order up by its subscriptions instead.",
        codes=(404,),
        endpoint=_STATUS,
    ),
    Advice(
        "Nobody knows yet whether these products were created, so do not send them again: look the order up by its "
        "subscriptions first. What is missing there can be sent under a new order id, within 24 hours.",
        says=r"does not mention what became|cut off, or is no JSON",
        codes=(200, 201, 206, 207),
    ),
    Advice(
        "Check merchant_id, and that it belongs to this environment: staging and production have different ones. "
        "Nothing was created, and every call fails until this is corrected.",
        says=r"invalid merchant|merchant (?:id )?(?:is invalid|does not exist|not found)",
    ),
    Advice(
        "Send session_id, which Ordergroove's tag on your pages provides, or set og_cart_tracking to false if you "
        f"do not use the tag. {_SAME_ID}",
        says=r"session.?id",
    ),
    Advice(
        f"Send merchant_order_id: without it an order cannot be told from another, nor found again. {_SAME_ID}",
        says=r"merchant.?order.?id cannot be (?:null|blank|empty)",
    ),
    Advice(
        "An order with a subscription needs the payment object. Send the token or the encrypted card data with it. "
        f"{_SAME_ID}",
        says=r"missing payment",
    ),
    Advice(
        "The card data was not encrypted with this merchant's hash key, or not written as base64. Check which key "
        "the shop encrypts "
        f"with, and whether the environments are mixed up. {_SAME_ID}",
        says=r"encryption is not valid|could not (?:be )?decrypt",
    ),
    Advice(
        "The card's expiry date must be MM/YYYY before it is encrypted, and encrypted with this merchant's key. "
        f"{_SAME_ID}",
        says=r"expiration date",
    ),
    Advice(
        "The payment provider refused to make a token of the card. Check the provider's settings; "
        f"the customer may have to enter the card again. {_SAME_ID}",
        says=r"tokeni[sz]ation|paymetric",
    ),
    Advice(
        "Ordergroove does not know this product. Add it to the product feed or create it with a bulk call, check that "
        f"the id is the one that the feed uses, and wait until it is there. {_ONLY_FAILED}",
        says=r"external_product_id|product.* does not exist",
        codes=(200, 206, 207),
    ),
    Advice(
        "Ordergroove does not know this product. Add it to the product feed, or check that the id is the one that the "
        f"feed uses. {_SAME_ID}",
        says=r"external_product_id|product.* does not exist",
    ),
    Advice(
        "The product is sent without its SKU. Send sku with every product; the feed shows the right one. "
        f"{_ONLY_FAILED}",
        says=r"sku .*required",
        codes=(200, 206, 207),
    ),
    Advice(
        "The offer does not exist, or is not active for this product and environment. Check the offer id in "
        "tracking_override.",
        says=r"offer",
    ),
    Advice(
        "The offer does not exist, or is not active for this product and environment. Check the offer id in "
        "tracking_override.",
        field=r"\boffer\b",
    ),
    Advice(
        "Ordergroove has no such customer. It makes one with the first subscription: check the user id, leading "
        "zeros included, "
        "and whether the environments are mixed up.",
        says=r"customer does not exist|customer .*not found",
    ),
    Advice(
        "Check that the key belongs to this merchant and environment and has not been deleted. A signature must be "
        "made "
        "with the hash key, for this very customer, and is good for two hours. Nothing was created.",
        says=r"authentication|credentials|signature|api key",
        codes=(400, 401, 403),
    ),
    Advice(
        "The subscription is in a state that does not allow this, a cancelled one for example. Look at it before "
        "you send anything again.",
        says=r"already (?:been )?cancel|is (?:not active|cancell?ed|inactive)",
    ),
    Advice(
        "The country must be a two-letter code such as US, and the state one that belongs to it.",
        field=r"country_code|state_province_code",
    ),
    Advice("The postal code does not fit the country, or is missing.", field=r"zip_postal_code"),
    Advice("The e-mail address is not a valid one. Ask the customer, or correct it in the shop.", field=r"\bemail\b"),
    Advice(
        "every must be a whole number, and every_period 1 (day), 2 (week), 3 (month) or 4 (year).",
        field=r"every(?:_period)?$",
    ),
    Advice("The date must be written as YYYY-MM-DD and must not lie in the past.", field=r"date"),
    Advice("The quantity must be a whole number above zero.", field=r"quantity$"),
    Advice(
        "The price must be a number with a point, such as 12.90, and without a currency sign.",
        field=r"(?:price|total)$",
    ),
    Advice(
        "The answer is a page and not the API's: check the base URL and the path.",
        says=r"^<!doctype|^<html",
        codes=(404,),
    ),
)

_REQUIRED = re.compile(
    r"\brequired\b|(?:cannot|can't|may not|must not) be (?:null|blank|empty)|^missing\b", re.IGNORECASE
)
_COMPILED = tuple(
    (
        advice,
        re.compile(advice.says, re.IGNORECASE) if advice.says else None,
        re.compile(advice.field, re.IGNORECASE) if advice.field else None,
    )
    for advice in ADVICES
)


def find(endpoint_name: str, status_code: int | None, field: str, message: str) -> str:
    """Return the advice for a complaint, ``""`` when none is more exact than what the code says."""
    for advice, says, path in _COMPILED:
        if (
            (not advice.codes or status_code in advice.codes)
            and advice.endpoint in endpoint_name
            and (says is None or says.search(message))
            and (path is None or (path.search(field) and not _REQUIRED.search(message)))
        ):
            return _fitting(advice.text, endpoint_name)
    if not field or status_code is None or not _REQUIRED.search(message):
        return ""
    if status_code < 300:
        return _fitting(f"{field} is missing. {_ONLY_FAILED}", endpoint_name)
    if _PURCHASE in endpoint_name:
        return f"{field} is missing: fill it in. {_SAME_ID}"
    return f"{field} is missing: fill it in and send the request again. Nothing was changed."


def _fitting(text: str, endpoint_name: str) -> str:
    """Only a purchase has an order id to send again under, and products in a cart."""
    is_of_purchase = _PURCHASE in endpoint_name or _STATUS in endpoint_name
    return text if is_of_purchase else text.replace(_ONLY_FAILED, _ONLY_FAILED_ROWS)
