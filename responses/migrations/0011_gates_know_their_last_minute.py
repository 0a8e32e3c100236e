"""Gates keep the answers of the last minute in small slots, and what live traffic needs; breakers tell of themselves."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

GONE = (
    "rate_per_minute",
    "window_at",
    "window_good",
    "window_bad",
    "window_refused",
    "previous_good",
    "previous_bad",
    "previous_refused",
)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("responses", "0010_integrations_have_retry_schedules")]

    operations: ClassVar = [
        *(migrations.RemoveField("gate", name) for name in GONE),
        migrations.AddField("gate", "recovering_since", models.DateTimeField(null=True)),
        migrations.AddField("gate", "bad_in_a_row", models.PositiveIntegerField(default=0)),
        migrations.AddField("gate", "paused_at", models.DateTimeField(null=True)),
        migrations.AddField("gate", "answers", models.JSONField(default=list)),
        migrations.AddField("gate", "live_at", models.DateTimeField(null=True)),
        migrations.AddField("gate", "has_limit", models.BooleanField(default=False)),
        migrations.AddField("gate", "live_calls", models.FloatField(default=0)),
        migrations.AddField("gate", "live_answers", models.FloatField(default=0)),
        migrations.AddField("gate", "live_bad", models.FloatField(default=0)),
        migrations.AlterField(
            "transition",
            "kind",
            models.CharField(
                choices=[
                    ("issue_opened", "New issue"),
                    ("issue_regressed", "Issue is back"),
                    ("breaker_opened", "Sending has stopped"),
                    ("breaker_closed", "Sending goes on"),
                ],
                max_length=24,
            ),
        ),
    ]
