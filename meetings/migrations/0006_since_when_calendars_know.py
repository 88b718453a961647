"""Since when calendars are told what they are told of a meeting."""

from django.db import migrations, models

import core.clock


class Migration(migrations.Migration):
    dependencies = [("meetings", "0005_more_minutes_before_the_read_back")]
    operations = [
        migrations.AddField(
            model_name="meeting",
            name="told_at",
            field=models.DateTimeField(default=core.clock.now),
        ),
    ]
