"""Why a point was left, if somebody said."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("learning", "0006_walls")]

    operations = [
        migrations.AddField(
            model_name="turn",
            name="reason",
            field=models.CharField(blank=True, default="", max_length=200),
            preserve_default=False,
        ),
    ]
