"""Five more minutes before the read-back; the clock finds the meetings that are under way."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("meetings", "0004_walls")]
    operations = [
        migrations.AddField(
            model_name="item",
            name="put_off_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="meeting",
            index=models.Index(condition=models.Q(("phase", "live")), fields=["starts"], name="meetings_under_way"),
        ),
    ]
