"""The second wall round series and pauses."""

from django.db import migrations

from core.rls import SameTeam, TeamOwned

MEMBER, SERIES = "teams_membership", "meetings_series"


class Migration(migrations.Migration):
    dependencies = [("meetings", "0003_letters_and_the_clock"), ("teams", "0004_walls")]
    operations = [
        TeamOwned("meetings_series", {"planned_by_id": MEMBER}),
        SameTeam("meetings_series", {"follows_id": SERIES}),
        TeamOwned("meetings_seriesline", {"series_id": SERIES}),
        TeamOwned("meetings_pause", {"by_id": MEMBER}),
        SameTeam("meetings_meeting", {"series_id": SERIES, "closed_by_id": MEMBER}),
    ]
