"""What a team may turn on: the four steps, visitors, ready words of its own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("teams", "0005_letters_quick_to_find"),
    ]

    operations = [
        migrations.AddField(
            model_name="teamagreement",
            name="four_steps",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="teamagreement",
            name="task_words",
            field=models.CharField(blank=True, max_length=600),
        ),
        migrations.AddField(
            model_name="teamagreement",
            name="visitors",
            field=models.BooleanField(default=False),
        ),
    ]
