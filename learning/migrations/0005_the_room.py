"""Views beside a point, a second reading, points that are agreed as they come."""

import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("learning", "0004_jottings_know_whether_they_were_raised"),
        ("meetings", "0007_the_room"),
        ("teams", "0006_visitors_and_four_steps"),
    ]

    operations = [
        migrations.CreateModel(
            name="OtherView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("text", models.TextField(max_length=500)),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="point",
            name="settled_points_say_when",
        ),
        migrations.AddField(
            model_name="offer",
            name="merged_into",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="merged",
                to="learning.point",
            ),
        ),
        migrations.AddField(
            model_name="offer",
            name="visitor",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="meetings.visitor",
            ),
        ),
        migrations.AddField(
            model_name="point",
            name="later",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="readback",
            name="along",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="wording",
            name="read_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="wording",
            name="read_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="teams.membership",
            ),
        ),
        migrations.AlterField(
            model_name="point",
            name="state",
            field=models.CharField(
                choices=[
                    ("waiting", "waits for the read-back"),
                    ("raised", "raised"),
                    ("agreed", "Agreed by those here"),
                    ("two_views", "Two views"),
                    ("parked", "Parked"),
                    ("left", "Left"),
                ],
                default="waiting",
                max_length=9,
            ),
        ),
        migrations.AlterField(
            model_name="readback",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("under_way", "under way"),
                    ("along", "points agreed as they came"),
                    ("points", "points read back"),
                    ("none_today", "No learning point today"),
                    ("no_time", "No time today"),
                ],
                default="under_way",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="turn",
            name="outcome",
            field=models.CharField(
                blank=True,
                choices=[
                    ("waiting", "waits for the read-back"),
                    ("raised", "raised"),
                    ("agreed", "Agreed by those here"),
                    ("two_views", "Two views"),
                    ("parked", "Parked"),
                    ("left", "Left"),
                ],
                max_length=9,
            ),
        ),
        migrations.AddConstraint(
            model_name="point",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["agreed", "two_views", "parked", "left"]), ("settled_at", None), _connector="XOR"
                ),
                name="settled_points_say_when",
            ),
        ),
        migrations.AddField(
            model_name="otherview",
            name="meeting",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="other_views", to="meetings.meeting"
            ),
        ),
        migrations.AddField(
            model_name="otherview",
            name="point",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="other_views", to="learning.point"
            ),
        ),
        migrations.AddField(
            model_name="otherview",
            name="team",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="teams.team"),
        ),
        migrations.AddConstraint(
            model_name="otherview",
            constraint=models.UniqueConstraint(fields=("team", "key"), name="other_view_key_once"),
        ),
    ]
