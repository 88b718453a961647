"""Whoever hands over in mid-meeting is told how many of their jottings weren't raised."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("learning", "0003_letters_and_the_clock")]
    operations = [
        migrations.AddField(
            model_name="jotting",
            name="raised_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
