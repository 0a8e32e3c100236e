"""A part of ours that was seen may say what was wrong: the outgoing heartbeat, why it did not get through."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("responses", "0016_failures_are_found_by_their_own_index")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="heartbeat", name="words", field=models.CharField(blank=True, db_default="", max_length=300)
        ),
    ]
