"""Adding, switching, testing and removing channels."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from responses import sealing
from responses.alerting import setup
from responses.alerting.channels import kinds
from responses.alerting.channels.errors import TargetError
from responses.audit import Doer
from responses.models import AuditEntry, Channel, Delivery
from tests.factories import NOW, make_integration, make_user

pytestmark = pytest.mark.django_db
HOOK = "https://127.0.0.1/services/T000/B000/verysecret1234"


def test_a_channel_keeps_its_target_sealed_and_shows_a_hint() -> None:
    channel = setup.add(Channel.Kind.SLACK, HOOK, name="On call", integration=None, doer=Doer(), now=NOW)

    channel.refresh_from_db()
    assert (channel.name, channel.target_hint, channel.is_on) == ("On call", "127.0.0.1 …1234", True)
    assert b"verysecret" not in bytes(channel.target_sealed)
    assert sealing.unseal(bytes(channel.target_sealed)).decode() == HOOK


def test_a_channel_without_a_name_is_called_by_its_hint() -> None:
    channel = setup.add(Channel.Kind.EMAIL, "a@example.com", integration=None, doer=Doer(), now=NOW)

    assert channel.name == "a@example.com"


def test_a_refused_target_makes_nothing() -> None:
    with pytest.raises(TargetError):
        setup.add(Channel.Kind.EMAIL, "nobody", integration=None, doer=Doer(), now=NOW)

    assert not Channel.objects.exists()
    assert not AuditEntry.objects.exists()


def test_every_deed_leaves_an_entry_without_the_secret() -> None:
    shop = make_integration()
    person = make_user("ada")
    doer = Doer(person, "192.0.2.7")
    channel = setup.add(Channel.Kind.SLACK, HOOK, name="On call", integration=shop, doer=doer, now=NOW)
    setup.switch(channel, is_on=False, doer=doer, now=NOW)
    setup.switch(channel, is_on=False, doer=doer, now=NOW)
    setup.ask_for_test(channel, doer=doer, now=NOW)
    setup.remove(channel, doer=doer, now=NOW)
    setup.remove(channel, doer=doer, now=NOW)

    entries = AuditEntry.objects.order_by("id")
    assert [entry.action for entry in entries] == [
        "channel.added",
        "channel.switched",
        "channel.tested",
        "channel.removed",
    ]
    assert {(entry.actor, entry.address, entry.integration_id) for entry in entries} == {("ada", "192.0.2.7", shop.pk)}
    assert {(entry.subject, entry.subject_id) for entry in entries} == {("channel", str(channel.pk))}
    words = json.dumps([[entry.before, entry.after] for entry in entries])
    assert "verysecret" not in words
    assert "On call" in words


def test_a_removed_channel_loses_its_target_and_keeps_its_history() -> None:
    channel = setup.add(Channel.Kind.SLACK, HOOK, integration=None, doer=Doer(), now=NOW)
    setup.ask_for_test(channel, doer=Doer(), now=NOW)

    setup.remove(channel, doer=Doer(), now=NOW)

    channel.refresh_from_db()
    assert (bytes(channel.target_sealed), channel.is_on, channel.removed_at) == (b"", False, NOW)
    assert Delivery.objects.filter(channel=channel).count() == 1
    assert not Channel.objects.kept().exists()


def test_a_removed_channel_cannot_be_switched_on() -> None:
    channel = setup.add(Channel.Kind.SLACK, HOOK, integration=None, doer=Doer(), now=NOW)
    setup.remove(channel, doer=Doer(), now=NOW)

    setup.switch(channel, is_on=True, doer=Doer(), now=NOW)

    channel.refresh_from_db()
    assert channel.is_on is False


def test_switching_ends_a_pause() -> None:
    channel = setup.add(Channel.Kind.SLACK, HOOK, integration=None, doer=Doer(), now=NOW)
    Channel.objects.update(paused_until=NOW + timedelta(hours=1), failures_in_a_row=6)

    setup.switch(channel, is_on=False, doer=Doer(), now=NOW)

    channel.refresh_from_db()
    assert (channel.paused_until, channel.failures_in_a_row) == (None, 0)


def test_people_see_the_channels_of_their_integrations_and_those_of_all() -> None:
    shop, other = make_integration(), make_integration()
    own = setup.add(Channel.Kind.EMAIL, "a@example.com", integration=shop, doer=Doer(), now=NOW)
    everywhere = setup.add(Channel.Kind.EMAIL, "b@example.com", integration=None, doer=Doer(), now=NOW)
    foreign = setup.add(Channel.Kind.EMAIL, "c@example.com", integration=other, doer=Doer(), now=NOW)

    assert set(Channel.objects.visible_to(make_user(integration=shop))) == {own, everywhere}
    assert set(Channel.objects.visible_to(make_user())) == set()
    assert set(Channel.objects.visible_to(make_user(is_superuser=True))) == {own, everywhere, foreign}


def test_a_channel_is_changed_and_the_change_is_audited() -> None:
    shop = make_integration()
    other = setup.add(Channel.Kind.EMAIL, "b@example.com", name="Second", integration=shop, doer=Doer(), now=NOW)
    channel = setup.add(Channel.Kind.EMAIL, "a@example.com", name="First", integration=shop, doer=Doer(), now=NOW)

    changed = setup.change(channel, name="Team", hourly_cap=5, fallback=other, doer=Doer(), now=NOW)

    channel.refresh_from_db()
    assert (changed, channel.name, channel.hourly_cap, channel.fallback) == (True, "Team", 5, other)
    entry = AuditEntry.objects.get(action="channel.changed")
    assert entry.before == {"name": "First", "hourly_cap": 20, "fallback": ""}
    assert entry.after == {"name": "Team", "hourly_cap": 5, "fallback": "Second"}


def test_changing_nothing_leaves_no_entry() -> None:
    channel = setup.add(Channel.Kind.EMAIL, "a@example.com", integration=None, doer=Doer(), now=NOW)

    assert not setup.change(channel, name=channel.name, hourly_cap=20, fallback=None, doer=Doer(), now=NOW)
    assert not AuditEntry.objects.filter(action="channel.changed").exists()


def test_a_removed_channel_cannot_be_changed() -> None:
    channel = setup.add(Channel.Kind.EMAIL, "a@example.com", integration=None, doer=Doer(), now=NOW)
    setup.remove(channel, doer=Doer(), now=NOW)

    assert not setup.change(channel, name="New", hourly_cap=5, fallback=None, doer=Doer(), now=NOW)


def test_a_removed_channel_stands_in_for_nobody() -> None:
    spare = setup.add(Channel.Kind.EMAIL, "b@example.com", integration=None, doer=Doer(), now=NOW)
    channel = setup.add(Channel.Kind.SLACK, HOOK, integration=None, fallback=spare, doer=Doer(), now=NOW)

    setup.remove(spare, doer=Doer(), now=NOW)

    channel.refresh_from_db()
    assert channel.fallback is None


def test_a_fallback_hears_nothing_that_it_may_not_hear() -> None:
    shop, other = make_integration(), make_integration()
    own = setup.add(Channel.Kind.EMAIL, "a@example.com", integration=shop, doer=Doer(), now=NOW)
    everywhere = setup.add(Channel.Kind.EMAIL, "b@example.com", integration=None, doer=Doer(), now=NOW)
    foreign = setup.add(Channel.Kind.EMAIL, "c@example.com", integration=other, doer=Doer(), now=NOW)
    sentry = setup.add(Channel.Kind.SENTRY, "https://key@127.0.0.1/1", integration=shop, doer=Doer(), now=NOW)

    assert set(setup.stand_ins(shop)) == {own, everywhere}
    assert set(setup.stand_ins(None)) == {everywhere}
    for wrong in (foreign, sentry, own):
        with pytest.raises(ValueError, match=r"stand in|own fallback"):
            setup.change(own, name="x", hourly_cap=20, fallback=wrong, doer=Doer(), now=NOW)


@pytest.mark.parametrize("cap", [0, -1, 1_001])
def test_an_hourly_cap_is_a_number_of_messages(cap: int) -> None:
    with pytest.raises(ValueError, match="number of messages"):
        setup.add(Channel.Kind.EMAIL, "a@example.com", integration=None, hourly_cap=cap, doer=Doer(), now=NOW)


def test_the_secret_of_a_webhook_is_kept_sealed_and_in_no_entry() -> None:
    target = kinds.of(Channel.Kind.WEBHOOK).validate("https://127.0.0.1/hook")
    secret = kinds.secret_of(Channel.Kind.WEBHOOK, target)

    channel = setup.add(Channel.Kind.WEBHOOK, target, integration=None, doer=Doer(), now=NOW)

    assert sealing.unseal(bytes(channel.target_sealed)).decode() == target
    words = json.dumps([[entry.before, entry.after] for entry in AuditEntry.objects.all()]) + str(channel)
    assert secret not in words + channel.target_hint
