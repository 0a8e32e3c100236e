"""What was created is found by the id of its subscription."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("responses", "0018_requests_are_found_by_address")]

    operations: ClassVar = [
        migrations.AddIndex(
            model_name="item",
            index=models.Index(
                condition=models.Q(("subscription_id", ""), _negated=True),
                fields=["subscription_id"],
                name="item_by_subscription",
            ),
        ),
    ]
