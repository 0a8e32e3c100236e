"""Whether anything has changed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from responses.insight import pulse
from responses.models import Issue, Role
from responses.triage import issues
from tests.factories import NOW, make_integration, make_refusal, make_user, record

pytestmark = pytest.mark.django_db


def test_the_mark_stays_until_something_happens() -> None:
    integration = make_integration()
    user = make_user(role=Role.SUPPORT, integration=integration)
    record(integration, make_refusal())
    before = pulse.of(user, integration.pk, now=NOW)

    record(make_integration(), make_refusal())
    assert pulse.of(user, integration.pk, now=NOW + timedelta(seconds=59)) == before

    marks = {before, pulse.of(user, integration.pk, now=NOW + timedelta(seconds=60))}
    record(integration, make_refusal())
    marks.add(pulse.of(user, integration.pk, now=NOW))
    issues.resolve(Issue.objects.filter(integration=integration)[0], user, now=NOW)
    marks.add(pulse.of(user, integration.pk, now=NOW))
    assert len(marks) == 4
