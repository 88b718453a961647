"""The second wall round this storey's rows."""

from django.db import migrations

from core.rls import TeamOwned

MEMBER, MEETING = "teams_membership", "meetings_meeting"


class Migration(migrations.Migration):
    dependencies = [("meetings", "0001_initial"), ("teams", "0002_walls")]
    operations = [
        TeamOwned("meetings_meeting", {"planned_by_id": MEMBER}),
        TeamOwned("meetings_item", {"meeting_id": MEETING, "presenter_id": MEMBER}),
        TeamOwned("meetings_seat", {"meeting_id": MEETING, "member_id": MEMBER, "by_id": MEMBER}),
        TeamOwned("meetings_attendance", {"meeting_id": MEETING, "member_id": MEMBER, "recorded_by_id": MEMBER}),
        TeamOwned("meetings_wallcode", {"meeting_id": MEETING}),
    ]
