"""A message that the hourly cap held back knows the message that counts it."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("responses", "0014_mutes_know_their_beginning")]

    operations: ClassVar = [
        migrations.AddField(
            "delivery",
            "counted_in",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="counts",
                to="responses.delivery",
            ),
        ),
    ]
