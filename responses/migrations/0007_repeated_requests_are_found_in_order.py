"""Finds repeated requests in the order in which they are listed, page by page, without sorting them."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("responses", "0006_responses_are_found_by_beginning_and_time"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="failedrequest",
            name="failed_request_repeated",
        ),
        migrations.RemoveIndex(
            model_name="failedrequest",
            name="failed_request_most",
        ),
        migrations.AddIndex(
            model_name="failedrequest",
            index=models.Index(
                condition=models.Q(("failures__gte", 2)),
                fields=["integration", "-last_failed_at", "-id"],
                name="failed_request_again",
            ),
        ),
        migrations.AddIndex(
            model_name="failedrequest",
            index=models.Index(
                condition=models.Q(("failures__gte", 2)),
                fields=["integration", "-failures", "-id"],
                name="failed_request_often",
            ),
        ),
    ]
