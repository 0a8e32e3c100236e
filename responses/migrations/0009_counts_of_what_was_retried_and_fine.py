"""Hours and minutes count what was got by sending again, and was fine."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("responses", "0008_resends_attempts_and_gates")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="minutecount", name="recovered", field=models.PositiveIntegerField(db_default=0)
        ),
        migrations.AddField(
            model_name="outcomehour", name="recovered", field=models.PositiveIntegerField(db_default=0)
        ),
    ]
