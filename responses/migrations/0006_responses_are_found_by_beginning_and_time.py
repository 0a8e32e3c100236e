"""Finds responses by the beginning of an id, failures by their time, and the failures of one object."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("responses", "0005_people_have_api_tokens"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="response",
            name="response_by_order",
        ),
        migrations.RemoveIndex(
            model_name="response",
            name="response_by_customer",
        ),
        migrations.AddIndex(
            model_name="response",
            index=models.Index(
                condition=models.Q(("outcome__gte", 3)),
                fields=["integration", "outcome", "sent_at", "id"],
                name="response_failed_by_time",
            ),
        ),
        migrations.AddIndex(
            model_name="response",
            index=models.Index(
                condition=models.Q(("outcome__gte", 3)),
                fields=["integration", "status_code", "sent_at", "id"],
                name="response_code_by_time",
            ),
        ),
        migrations.AddIndex(
            model_name="response",
            index=models.Index(
                condition=models.Q(("order_id", ""), _negated=True),
                fields=["integration", "order_id"],
                name="response_order_begins",
                opclasses=["int8_ops", "varchar_pattern_ops"],
            ),
        ),
        migrations.AddIndex(
            model_name="response",
            index=models.Index(
                condition=models.Q(("customer_id", ""), _negated=True),
                fields=["integration", "customer_id"],
                name="response_customer_begins",
                opclasses=["int8_ops", "varchar_pattern_ops"],
            ),
        ),
        migrations.AddIndex(
            model_name="response",
            index=models.Index(
                condition=models.Q(("request_id", ""), _negated=True),
                fields=["integration", "request_id"],
                name="response_request_begins",
                opclasses=["int8_ops", "varchar_pattern_ops"],
            ),
        ),
        migrations.AddIndex(
            model_name="response",
            index=models.Index(
                condition=models.Q(("outcome__gte", 3)),
                fields=["integration", "resource_key"],
                name="response_failed_resource",
            ),
        ),
    ]
