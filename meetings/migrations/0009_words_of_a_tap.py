"""What an item was called, for undoing."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("meetings", "0008_walls")]
    operations = [
        migrations.AddField(model_name="tap", name="words", field=models.CharField(blank=True, max_length=80)),
    ]
