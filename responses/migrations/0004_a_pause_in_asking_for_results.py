"""Where Ordergroove refuses the credentials, or asks to wait, nobody asks for results for a while."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("responses", "0003_deliveries_wait_for_their_channel"),
    ]

    operations = [
        migrations.AddField(
            model_name="integration",
            name="follow_paused_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="integration",
            name="follow_problem",
            field=models.CharField(blank=True, max_length=200),
        ),
    ]
