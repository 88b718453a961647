"""The second wall round taps and visitors."""

from django.db import migrations

from core.rls import TeamOwned

MEETING, MEMBER = "meetings_meeting", "teams_membership"


class Migration(migrations.Migration):
    dependencies = [("meetings", "0007_the_room")]
    operations = [
        TeamOwned("meetings_tap", {"meeting_id": MEETING, "by_id": MEMBER}),
        TeamOwned("meetings_visitor", {"meeting_id": MEETING, "let_in_by_id": MEMBER}),
    ]
