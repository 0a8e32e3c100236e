"""A mute that ends above a number of failures an hour knows from which failure on it counts."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("responses", "0013_corrections")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="issue", name="muted_failures", field=models.PositiveBigIntegerField(null=True)
        ),
    ]
