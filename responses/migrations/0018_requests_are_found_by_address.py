"""A request is found by its customer, and by the keyed hash of the customer's e-mail address. Older rows have none."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("responses", "0017_parts_say_what_was_wrong")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="failedrequest",
            name="email_hash",
            field=models.CharField(blank=True, db_default="", max_length=32),
        ),
        migrations.AddField(
            model_name="followup",
            name="email_hash",
            field=models.CharField(blank=True, db_default="", max_length=32),
        ),
        migrations.AddIndex(
            model_name="failedrequest",
            index=models.Index(
                condition=models.Q(("customer_id", ""), _negated=True),
                fields=["integration", "customer_id", "id"],
                name="failed_request_by_customer",
            ),
        ),
        migrations.AddIndex(
            model_name="failedrequest",
            index=models.Index(
                condition=models.Q(("email_hash", ""), _negated=True),
                fields=["integration", "email_hash", "id"],
                name="failed_request_by_email",
            ),
        ),
        migrations.AddIndex(
            model_name="followup",
            index=models.Index(
                condition=models.Q(("email_hash", ""), _negated=True),
                fields=["integration", "email_hash", "id"],
                name="follow_up_by_email",
            ),
        ),
    ]
