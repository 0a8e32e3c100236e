"""What an exchange means: every documented shape, and whatever bytes may come."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from responses import fingerprints, meaning
from responses.exchanges import ItemState
from responses.ordergroove import endpoints, purchase
from tests.shape import Shape
from tests.shapes import SHAPES

ROLES = {urlsplit(base).netloc: role for role, base in endpoints.DEFAULT_HOSTS["production"].items()}


def endpoint_of(shape: Shape) -> endpoints.Endpoint:
    parts = urlsplit(shape.url)
    return endpoints.match(shape.method, ROLES.get(parts.netloc, ""), parts.path).endpoint


def purchase_of(shape: Shape) -> purchase.Purchase | None:
    document = purchase.decode(shape.asked or shape.request_body)
    return purchase.read(document.data) if document else None


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_documented_shape_means_what_the_catalogue_says(shape: Shape) -> None:
    understood = meaning.read(shape.exchange(), endpoint_of(shape), purchase_of(shape))
    counts = tuple(understood.count(state) for state in ItemState)
    causes = fingerprints.causes(shape.exchange(), endpoint_of(shape), understood)
    assert (understood.outcome, counts) == (shape.outcome, (shape.created, shape.failed, shape.unknown))
    assert tuple(cause.title for cause, _ in causes) == shape.issues
