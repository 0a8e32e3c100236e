"""What the name of a field says about its value. Names only: never looks at a value.

A name is taken apart into words (``ccNumber``, ``cc_number`` and ``CC-Number`` are the same), and every word
counts: what holds a sensitive word is sensitive. Unknown names are harmless, except inside a person or an address,
where only known harmless names are shown.
"""

from __future__ import annotations

import re
from enum import IntEnum
from urllib.parse import unquote


class Rule(IntEnum):
    """What becomes of the value. What comes before PERSON is visible where nothing around it is sensitive."""

    UNKNOWN = 0
    """Visible, but not inside a person or an address."""
    KEEP = 1
    """Known to be harmless: a quantity, a date, a country."""
    ID = 2
    """An opaque id: stays; card numbers are looked for with more care."""
    VALUE = 3
    """``value``: as UNKNOWN, unless a neighbour holds its name: ``{"name": "email", "value": "..."}``."""
    MESSAGES = 4
    """Errors: below it, texts under sensitive names are complaints about a field, not its value."""
    PERSON = 5
    """A user or customer: an id when it is one word, else only known harmless names inside are shown."""
    ADDRESS = 6
    """The same for an address; as a text it is an address id or masked."""
    NAME = 7
    """``name`` or ``key``: of a person, a product or a value: its neighbours tell."""
    MASK = 8
    CARD = 9
    """Masked; digits in it are a clear card number, whether the check digit is right or not."""
    CVV = 10
    """Masked; any value is a card security code."""


def words(listed: str) -> frozenset[str]:
    """A set of words from a text that lists them."""
    return frozenset(listed.split())


_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_]+")
_PLAIN = re.compile(r"[A-Za-z_$@][A-Za-z_.:-]*[0-9]{0,3}")
_CACHE_SIZE = 4_096

_SECRET_WORDS = words(
    """
    password passwd pwd passphrase passcode secret secrets token tokens auth authorization authorisation
    signature sig hmac hash digest cookie cookies session sessions sess jwt bearer credential credentials otp
    pin pins csrf xsrf nonce key keys
    """
)
_CARD_WORDS = words(
    """
    cc card cards creditcard cardholder holder pan iban bic swift expiry exp expiration last4 lastfour payment
    payments billto payer wallet bank track1 track2 magstripe cryptogram
    """
)
_PERSONAL_WORDS = words(
    """
    email emails mail phone phones telephone tel mobile cell cellphone fax firstname lastname fname lname
    forename surname givenname familyname fullname middlename nickname username login recipient attn attention
    company organization organisation street streets city town suburb zip zipcode postal postcode plz dob
    birthday birthdate birth gender ssn passport ip ips lat lng latitude longitude geo apt apartment suite
    address1 address2 address3 addr1 addr2 line1 line2 rep vorname nachname strasse telefon prenom adresse
    apellido correo telefono direccion note notes comment comments instructions label contact contacts
    """
)
_MASKED_WORDS = _SECRET_WORDS | _CARD_WORDS | _PERSONAL_WORDS
_STEMS = re.compile(
    "passw|secret|token|apikey|accesskey|privatekey|hashkey|authori[sz]|signature|hmac|cookie|session|sessid|e?mailaddr|email"
    "|phone|firstname|lastname|middlename|fullname|surname|cardholder|ccholder|creditcard|street|zipcode|postal|postcode"
    "|birthda|dateofbirth|extradata|oneclick|credential|ipaddr|remoteaddr|giftmessage|giftnote|taxid|taxnumber|vatid|vatnumber"
    "|accountnumber|routingnumber|socialsecurity|expirydate|expdate|cardtype|paymentmethod|forwardedfor|realip|clientip"
)
_CARD_NUMBER = re.compile("(?:cc|card)(?:num|no$)|^pan$|primaryaccount")
_CVV = re.compile("cvv|cvc|^cvn|^ccv|^csc$|securitycode|cardcode|verificationvalue|verificationnumber|cardverification")
_CVV_RESULT = words("result results response status match check verified required present valid")
_IDS = words(
    """
    product products sku skus offer public_id merchant order item subscription id ids uuid guid variant ean
    gtin upc isbn barcode reference
    """
)
_ID_ENDINGS = words("id ids uuid guid sku skus")
_KEEP = words(
    """
    quantity quantities qty price prices total totals subtotal subtotals amount discount discounts tax taxes
    shippingtotal every everyperiod period frequency currency currencycode country countrycode state states
    province region stateprovince stateprovincecode statecode pricecode created updated cancelled started
    place date dates time timestamp ts status statuscode type types live locale language lang count page
    pagesize next previous results success processed ogcarttracking trackingoverride subscriptioninfo
    purchaseinfo components subscriptiontype code version active enabled products subscriptions orders items
    createrequest env environment sigfield result
    """
)
_KEEP_ENDINGS = words(
    """
    quantity qty price total amount date at count status type currency period frequency created updated
    country state code
    """
)
_MESSAGES = words(
    """
    error errors errormessage errormessages message messages detail details nonfielderrors warning warnings
    all
    """
)
_PEOPLE = words(
    """
    user users customer customers buyer shopper subscriber person people profile account shipping billing
    shipto owner
    """
)
_ADDRESS_ENDINGS = words("address addresses addr")
# Whose name is no person's.
_THINGS = words(
    """
    product item offer sku merchant store file host plan group event field country currency brand category
    variant incentive code class method domain service server type attribute option campaign promotion promo
    template tag region state province queue task table column param parameter header bundle component
    """
)
_PRODUCT_MARKS = words(
    """
    sku product product_id external_product_id price image_url every offer_type autoship_enabled group_type target
    threshold_field incentive_type
    """
)
_NAMING = ("name", "key", "field", "Name", "Key", "Field")
_VALUES = words("value values Value Values")
_cache: dict[str, Rule] = {}
FIXED: dict[object, Rule] = {}
"""The rules of names that have been met before, but for those that depend on their neighbours: for inner loops."""


def rule(name: str) -> Rule:
    """What the name says. Names that look like data (ids as keys) are not remembered."""
    known = _cache.get(name)
    if known is not None:
        return known
    found = classify(name)
    if len(name) <= 64 and _PLAIN.fullmatch(name) is not None:
        if len(_cache) >= _CACHE_SIZE:
            _cache.clear()
            FIXED.clear()
        _cache[name] = found
        if found not in (Rule.NAME, Rule.VALUE):
            FIXED[name] = found
    return found


def is_plain(name: str) -> bool:
    """Whether it is a name of a field by its looks, and not data in the place of one."""
    return len(name) <= 64 and _PLAIN.fullmatch(name) is not None


def by_neighbours(name: str, found: Rule, fields: dict[str, object]) -> Rule:
    """The rule of ``name``, ``key`` or ``value``, from what stands beside it."""
    if found is Rule.NAME:
        is_known = not _VALUES.isdisjoint(fields) or (name.lower() == "name" and not _PRODUCT_MARKS.isdisjoint(fields))
        return Rule.UNKNOWN if is_known else Rule.NAME
    if found is Rule.VALUE:
        for naming in _NAMING:
            if type(named := fields.get(naming)) is str and (sensitive := rule(named)) >= Rule.MASK:
                return sensitive
    return found


def classify(name: str) -> Rule:
    """The rule of a name, from its words."""
    if "%" in name:
        name = unquote(unquote(name))
    parts = [word.lower() for word in _WORDS.findall(name[:200])]
    if not parts:
        return Rule.UNKNOWN
    squashed = "".join(parts)
    if squashed == "key":
        return Rule.NAME
    if (found := _sensitive(parts, squashed)) is not None:
        return found
    if squashed in ("value", "values"):
        return Rule.VALUE
    if squashed in _MESSAGES:
        return Rule.MESSAGES
    if squashed in _PEOPLE:
        return Rule.PERSON
    if parts[-1] in _ADDRESS_ENDINGS:
        return Rule.ADDRESS
    if parts[-1] in ("name", "names"):
        if len(parts) == 1:
            return Rule.NAME
        return Rule.UNKNOWN if parts[-2] in _THINGS else Rule.MASK
    if squashed in _KEEP:
        return Rule.KEEP
    if (
        squashed in _IDS
        or parts[-1] in _ID_ENDINGS
        or (squashed.endswith("id") and len(parts) == 1 and squashed[:-2] in _IDS)
    ):
        return Rule.ID
    return Rule.KEEP if parts[-1] in _KEEP_ENDINGS else Rule.UNKNOWN


def _sensitive(parts: list[str], squashed: str) -> Rule | None:
    if _CVV.search(squashed) is not None:
        return Rule.MASK if not _CVV_RESULT.isdisjoint(parts) else Rule.CVV
    if _CARD_NUMBER.search(squashed) is not None:
        return Rule.CARD
    if squashed in ("idempotencykey", "paymentid", "sigfield") or squashed in _MESSAGES:
        return None
    if not _MASKED_WORDS.isdisjoint(parts) or squashed in _MASKED_WORDS or _STEMS.search(squashed) is not None:
        return Rule.MASK
    if "address" in parts and parts[-1] not in _ADDRESS_ENDINGS and parts[-1] not in _ID_ENDINGS:
        # address_line_1, address2, but not address_id.
        return Rule.MASK
    return None
