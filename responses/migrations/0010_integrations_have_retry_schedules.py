"""An integration may change when what failed is sent again."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("responses", "0009_counts_of_what_was_retried_and_fine")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="integration", name="retry_policies", field=models.JSONField(blank=True, default=dict)
        ),
    ]
