"""Every documented body shape and case, as one catalogue: pure tests read it, and so does the whole HTTP path."""

from __future__ import annotations

from tests.shape import Shape
from tests.shape_bulk import BULK_SHAPES
from tests.shape_purchases import PURCHASE_SHAPES
from tests.shape_refusals import REFUSAL_SHAPES
from tests.shape_rest import REST_SHAPES
from tests.shape_statuses import STATUS_SHAPES

SHAPES: tuple[Shape, ...] = (*PURCHASE_SHAPES, *REFUSAL_SHAPES, *STATUS_SHAPES, *REST_SHAPES, *BULK_SHAPES)
