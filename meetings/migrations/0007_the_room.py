"""What the room needs: steps, taps that can be undone, visitors."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

import core.clock


class Migration(migrations.Migration):
    dependencies = [
        ("meetings", "0006_since_when_calendars_know"),
        ("teams", "0006_visitors_and_four_steps"),
    ]

    operations = [
        migrations.AddField(
            model_name="item",
            name="at_step",
            field=models.CharField(
                blank=True,
                choices=[
                    ("mark", "Mark the task"),
                    ("state", "State the case"),
                    ("mentalize", "Mentalize the moment"),
                    ("return", "Return to purpose"),
                ],
                max_length=9,
            ),
        ),
        migrations.AlterField(
            model_name="item",
            name="task",
            field=models.CharField(blank=True, max_length=80),
        ),
        migrations.CreateModel(
            name="Tap",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("verb", models.CharField(max_length=24)),
                ("data", models.JSONField(default=dict)),
                ("at", models.DateTimeField(default=core.clock.now, editable=False)),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="teams.membership"
                    ),
                ),
                (
                    "meeting",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="taps", to="meetings.meeting"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="teams.team"),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [models.Index(fields=["meeting", "by", "-id"], name="taps_of_a_person")],
            },
        ),
        migrations.CreateModel(
            name="Visitor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("name", models.CharField(max_length=40)),
                ("asked_at", models.DateTimeField(default=core.clock.now, editable=False)),
                ("let_in_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "let_in_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="teams.membership",
                    ),
                ),
                (
                    "meeting",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="visitors", to="meetings.meeting"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="teams.team"),
                ),
            ],
            options={
                "ordering": ["asked_at", "pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("team", "key"), name="visitor_key_once"),
                    models.CheckConstraint(
                        condition=models.Q(("let_in_by", None), ("let_in_at__isnull", False), _connector="OR"),
                        name="visitor_let_in_says_when",
                    ),
                ],
            },
        ),
    ]
