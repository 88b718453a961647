"""Twelve ready words of sixty characters each."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("teams", "0006_visitors_and_four_steps")]
    operations = [
        migrations.AlterField(
            model_name="teamagreement", name="task_words", field=models.CharField(blank=True, max_length=800)
        ),
    ]
