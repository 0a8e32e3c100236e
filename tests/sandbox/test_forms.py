from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

from responses.sandbox import forms
from responses.sandbox.forms import Form

DOCUMENT = {"merchant_id": "m", "user": {"city": "São Paulo & 100% {new}"}, "products": [{"product": "1", "n": 2}]}


@pytest.mark.parametrize("form", list(Form))
def test_every_form_reads_back_to_the_same_document(form: Form) -> None:
    assert forms.read(forms.write(DOCUMENT, form)) == DOCUMENT


def test_a_form_encoded_body_with_plus_signs_for_spaces_is_read() -> None:
    assert forms.read(urlencode({"create_request": json.dumps(DOCUMENT)}).encode()) == DOCUMENT


@pytest.mark.parametrize("body", [b"", b"create_request=", b"\xff\xfe", b"[1]", b"create_request={", b"{" * 5_000])
def test_a_body_without_a_document_is_nothing(body: bytes) -> None:
    assert forms.read(body) is None
