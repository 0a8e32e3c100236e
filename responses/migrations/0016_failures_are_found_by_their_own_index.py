"""Failures are found by the index that fits, whatever others hold their outcome."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("responses", "0015_held_back_messages_are_counted"),
    ]

    operations: ClassVar = [
        migrations.RemoveIndex(
            model_name="failedrequest",
            name="failed_request_by_order",
        ),
        migrations.RemoveIndex(
            model_name="followup",
            name="follow_up_by_request",
        ),
        migrations.RemoveIndex(
            model_name="response",
            name="response_failed",
        ),
        migrations.RemoveIndex(
            model_name="response",
            name="response_failed_code",
        ),
        migrations.RemoveIndex(
            model_name="response",
            name="response_failed_by_time",
        ),
        migrations.RemoveIndex(
            model_name="response",
            name="response_code_by_time",
        ),
        migrations.RemoveIndex(
            model_name="response",
            name="response_failed_resource",
        ),
        migrations.AddIndex(
            model_name="failedrequest",
            index=models.Index(
                condition=models.Q(("order_id", ""), _negated=True),
                fields=["integration", "order_id", "id"],
                name="failed_request_by_order",
            ),
        ),
        migrations.AddIndex(
            model_name="followup",
            index=models.Index(fields=["integration", "request_key"], name="follow_up_by_request"),
        ),
        migrations.AddIndex(
            model_name="response",
            index=models.Index(
                condition=models.Q(("outcome__lt", 3), _negated=True),
                fields=["integration", "outcome", "id"],
                name="response_failed",
            ),
        ),
        migrations.AddIndex(
            model_name="response",
            index=models.Index(
                condition=models.Q(("outcome__lt", 3), _negated=True),
                fields=["integration", "status_code", "id"],
                name="response_failed_code",
            ),
        ),
        migrations.AddIndex(
            model_name="response",
            index=models.Index(
                condition=models.Q(("outcome__lt", 3), _negated=True),
                fields=["integration", "outcome", "sent_at", "id"],
                name="response_failed_by_time",
            ),
        ),
        migrations.AddIndex(
            model_name="response",
            index=models.Index(
                condition=models.Q(("outcome__lt", 3), _negated=True),
                fields=["integration", "status_code", "sent_at", "id"],
                name="response_code_by_time",
            ),
        ),
        migrations.AddIndex(
            model_name="response",
            index=models.Index(
                condition=models.Q(("outcome__lt", 3), _negated=True),
                fields=["integration", "resource_key"],
                name="response_failed_resource",
            ),
        ),
        migrations.RemoveIndex(
            model_name="response",
            name="response_by_request",
        ),
        migrations.AddIndex(
            model_name="response",
            index=models.Index(fields=["request_key", "integration"], name="response_by_request"),
        ),
    ]
