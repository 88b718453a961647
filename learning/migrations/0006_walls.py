"""The second wall round other views, and round what else the room brought."""

from django.db import migrations

from core.rls import SameTeam, TeamOwned

POINT = "learning_point"


class Migration(migrations.Migration):
    dependencies = [("learning", "0005_the_room"), ("meetings", "0008_walls")]
    operations = [
        TeamOwned("learning_otherview", {"meeting_id": "meetings_meeting", "point_id": POINT}),
        SameTeam("learning_offer", {"visitor_id": "meetings_visitor", "merged_into_id": POINT}),
        SameTeam("learning_wording", {"read_by_id": "teams_membership"}),
    ]
