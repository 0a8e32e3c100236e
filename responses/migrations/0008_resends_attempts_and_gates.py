"""Resends, their attempts, and gates. The database itself refuses every illegal change of a Resend's state.

On SQLite a later change of this table copies it, and leaves the triggers behind: such a migration must add them again.
"""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

EDGES = {
    "held": ("scheduled", "cancelled", "expired", "superseded"),
    "scheduled": ("claimed", "held", "cancelled", "expired", "superseded"),
    "claimed": ("scheduled", "sending", "held", "cancelled", "expired", "superseded"),
    "sending": ("succeeded", "partial", "failed", "scheduled", "exhausted", "held", "expired", "unknown"),
    "unknown": ("verifying", "succeeded", "cancelled", "held", "superseded"),
    "verifying": ("succeeded", "partial", "unknown", "scheduled", "exhausted", "held"),
}
"""As reliability.md, 3 has them; a look-up may also find that a part has arrived."""
FIRST = ("scheduled", "held", "unknown")

_IS_LEGAL = " OR ".join(
    f"(OLD.state = '{before}' AND NEW.state IN ({', '.join(repr(after) for after in EDGES[before])}))"
    for before in EDGES
)
_IS_FIRST = f"NEW.state IN {FIRST} AND NEW.epoch = 0 AND NEW.sends = 0 AND NEW.not_sent = 0"
_WRONG_STATE = f"OLD.state <> NEW.state AND NOT ({_IS_LEGAL})"
_WRONG_EPOCH = "NEW.epoch <> OLD.epoch + (CASE WHEN OLD.state <> NEW.state THEN 1 ELSE 0 END)"
_TOUCHED_END = (
    "OLD.ended_at IS NOT NULL AND (NEW.sends <> OLD.sends OR NEW.not_sent <> OLD.not_sent "
    "OR NEW.reason <> OLD.reason OR NEW.ended_at IS NULL OR NEW.ended_at <> OLD.ended_at)"
)
_REFUSALS = {
    "a resend cannot change its state so": _WRONG_STATE,
    "the epoch of a resend counts its changes of state": _WRONG_EPOCH,
    "a resend that has ended does not change": _TOUCHED_END,
}

SQLITE = [
    f"CREATE TRIGGER resend_begins BEFORE INSERT ON responses_resend WHEN NOT ({_IS_FIRST}) "
    "BEGIN SELECT RAISE(ABORT, 'a resend cannot begin so'); END",
    *(
        f"CREATE TRIGGER resend_{number} BEFORE UPDATE ON responses_resend WHEN {condition} "
        f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
        for number, (words, condition) in enumerate(_REFUSALS.items(), start=1)
    ),
]
_RAISE = "RAISE EXCEPTION '{}' USING ERRCODE = 'integrity_constraint_violation';"
POSTGRESQL = [
    "CREATE FUNCTION resend_begins() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    f"IF NOT ({_IS_FIRST}) THEN {_RAISE.format('a resend cannot begin so')} END IF; "
    "RETURN NEW; END $$",
    "CREATE FUNCTION resend_changes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    + " ".join(f"IF {condition} THEN {_RAISE.format(words)} END IF;" for words, condition in _REFUSALS.items())
    + " RETURN NEW; END $$",
    "CREATE TRIGGER resend_begins BEFORE INSERT ON responses_resend FOR EACH ROW EXECUTE FUNCTION resend_begins()",
    "CREATE TRIGGER resend_changes BEFORE UPDATE ON responses_resend FOR EACH ROW EXECUTE FUNCTION resend_changes()",
]


def add(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def remove(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for name in ("resend_begins", "resend_changes"):
            schema_editor.execute(f"DROP TRIGGER {name} ON responses_resend")
            schema_editor.execute(f"DROP FUNCTION {name}()")
    else:
        for name in ("begins", *range(1, len(_REFUSALS) + 1)):
            schema_editor.execute(f"DROP TRIGGER resend_{name}")


class Migration(migrations.Migration):
    dependencies = [
        ("responses", "0007_repeated_requests_are_found_in_order"),
    ]

    operations = [
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("number", models.PositiveSmallIntegerField()),
                ("epoch", models.PositiveIntegerField()),
                ("intent_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "result",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Under way"),
                            ("answered", "Answered"),
                            ("not_sent", "Never sent"),
                            ("unknown", "Unknown"),
                        ],
                        max_length=12,
                    ),
                ),
                ("failure", models.CharField(blank=True, max_length=12)),
                ("words", models.CharField(blank=True, max_length=300)),
                ("status_code", models.PositiveSmallIntegerField(null=True)),
                ("response_id", models.BigIntegerField(null=True)),
                ("why", models.CharField(blank=True, max_length=300)),
            ],
        ),
        migrations.CreateModel(
            name="Gate",
            fields=[
                ("scope", models.CharField(max_length=280, primary_key=True, serialize=False)),
                ("tokens", models.FloatField(default=0)),
                ("refilled_at", models.DateTimeField(null=True)),
                ("rate_per_minute", models.FloatField(null=True)),
                ("paused_until", models.DateTimeField(null=True)),
                ("pause_reason", models.CharField(blank=True, max_length=300)),
                ("is_paused", models.BooleanField(default=False)),
                ("pauses", models.PositiveSmallIntegerField(default=0)),
                (
                    "breaker",
                    models.CharField(
                        choices=[("closed", "Closed"), ("open", "Open"), ("half_open", "Trying one")],
                        default="closed",
                        max_length=10,
                    ),
                ),
                ("breaker_reason", models.CharField(blank=True, max_length=300)),
                ("opened_at", models.DateTimeField(null=True)),
                ("probe_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                ("window_at", models.DateTimeField(null=True)),
                ("window_good", models.PositiveIntegerField(default=0)),
                ("window_bad", models.PositiveIntegerField(default=0)),
                ("window_refused", models.PositiveIntegerField(default=0)),
                ("previous_good", models.PositiveIntegerField(default=0)),
                ("previous_bad", models.PositiveIntegerField(default=0)),
                ("previous_refused", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Resend",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("automatic", "Automatic"),
                            ("person", "Asked for by a person"),
                            ("correction", "A correction"),
                        ],
                        max_length=12,
                    ),
                ),
                ("idem_key", models.CharField(max_length=120, unique=True)),
                ("resource_key", models.CharField(max_length=260)),
                ("endpoint", models.CharField(max_length=120)),
                ("method", models.CharField(max_length=16)),
                ("role", models.CharField(max_length=12)),
                ("host", models.CharField(max_length=260)),
                ("policy", models.CharField(max_length=16)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("held", "Held"),
                            ("scheduled", "Scheduled"),
                            ("claimed", "About to be sent"),
                            ("sending", "Being sent"),
                            ("unknown", "Unknown"),
                            ("verifying", "Being looked up"),
                            ("succeeded", "Succeeded"),
                            ("partial", "Partly succeeded"),
                            ("failed", "Failed"),
                            ("exhausted", "Used up"),
                            ("expired", "Expired"),
                            ("cancelled", "Cancelled"),
                            ("superseded", "Superseded"),
                        ],
                        max_length=12,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("due_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(null=True)),
                ("first_failed_at", models.DateTimeField()),
                ("epoch", models.PositiveIntegerField(default=0)),
                ("lease_until", models.DateTimeField(null=True)),
                ("leased_by", models.CharField(blank=True, max_length=60)),
                ("sends", models.PositiveSmallIntegerField(default=0)),
                ("max_sends", models.PositiveSmallIntegerField()),
                ("not_sent", models.PositiveSmallIntegerField(default=0)),
                ("lookups", models.PositiveSmallIntegerField(default=0)),
                ("response_id", models.BigIntegerField(null=True)),
                ("seal_id", models.BigIntegerField(null=True)),
                ("body_hash", models.CharField(max_length=64)),
                ("ended_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name="failedrequest",
            name="caller_retries_too",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="failedrequest",
            name="series",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddIndex(
            model_name="response",
            index=models.Index(
                condition=models.Q(
                    ("outcome", 1),
                    models.Q(("method", "GET"), _negated=True),
                    models.Q(("method", "HEAD"), _negated=True),
                ),
                fields=["integration", "resource_key", "sent_at"],
                name="response_later_write",
            ),
        ),
        migrations.AddField(
            model_name="gate",
            name="paused_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="pauses",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="resend",
            name="asked_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="resends",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="resend",
            name="failed_request",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="resends", to="responses.failedrequest"
            ),
        ),
        migrations.AddField(
            model_name="resend",
            name="integration",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="resends",
                to="responses.integration",
            ),
        ),
        migrations.AddField(
            model_name="attempt",
            name="resend",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="attempts",
                to="responses.resend",
            ),
        ),
        migrations.AddIndex(
            model_name="gate",
            index=models.Index(
                condition=models.Q(
                    ("is_paused", True),
                    ("paused_until__isnull", False),
                    models.Q(("breaker", "closed"), _negated=True),
                    _connector="OR",
                ),
                fields=["scope"],
                name="gate_not_open",
            ),
        ),
        migrations.AddIndex(
            model_name="resend",
            index=models.Index(fields=["state", "due_at"], name="resend_due"),
        ),
        migrations.AddIndex(
            model_name="resend",
            index=models.Index(fields=["integration", "state", "due_at"], name="resend_by_integration"),
        ),
        migrations.AddIndex(
            model_name="resend",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)),
                fields=["integration", "-ended_at"],
                name="resend_ended",
            ),
        ),
        migrations.AddIndex(
            model_name="resend",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", True)),
                fields=["integration", "resource_key"],
                name="resend_by_resource",
            ),
        ),
        migrations.AddConstraint(
            model_name="resend",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["claimed", "sending", "unknown", "verifying"])),
                fields=("integration", "resource_key"),
                name="one_resend_in_flight_on_a_resource",
            ),
        ),
        migrations.AddConstraint(
            model_name="resend",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["held", "scheduled", "claimed", "sending", "unknown", "verifying"])),
                fields=("failed_request",),
                name="one_live_resend_of_a_failed_request",
            ),
        ),
        migrations.AddConstraint(
            model_name="resend",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("lease_until__isnull", False), ("state__in", ["claimed", "sending", "verifying"])),
                    models.Q(
                        models.Q(("state__in", ["claimed", "sending", "verifying"]), _negated=True),
                        ("lease_until__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="leased_exactly_while_a_worker_has_it",
            ),
        ),
        migrations.AddConstraint(
            model_name="resend",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("ended_at__isnull", True),
                        ("state__in", ["held", "scheduled", "claimed", "sending", "unknown", "verifying"]),
                    ),
                    models.Q(
                        models.Q(
                            ("state__in", ["held", "scheduled", "claimed", "sending", "unknown", "verifying"]),
                            _negated=True,
                        ),
                        ("ended_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="ended_exactly_in_an_end_state_of_a_resend",
            ),
        ),
        migrations.AddConstraint(
            model_name="resend",
            constraint=models.CheckConstraint(
                condition=models.Q(("sends__lte", models.F("max_sends"))), name="no_more_sends_than_allowed"
            ),
        ),
        migrations.AddConstraint(
            model_name="resend",
            constraint=models.CheckConstraint(
                condition=models.Q(("not_sent__lte", 20)), name="not_sent_at_most_twenty_times"
            ),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.UniqueConstraint(fields=("resend", "number"), name="an_attempt_once_in_a_resend"),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)), fields=("resend",), name="one_open_attempt_of_a_resend"
            ),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("result", "")),
                    models.Q(models.Q(("result", ""), _negated=True), ("ended_at__isnull", False)),
                    _connector="OR",
                ),
                name="a_result_exactly_when_ended",
            ),
        ),
        migrations.RunPython(add, remove),
    ]
