"""The second wall round who is away and who wants which letters."""

from django.db import migrations

from core.rls import TeamOwned

MEMBER = "teams_membership"


class Migration(migrations.Migration):
    dependencies = [("teams", "0003_letters_and_the_clock")]
    operations = [
        TeamOwned("teams_away", {"member_id": MEMBER, "by_id": MEMBER}),
        TeamOwned("teams_unwanted", {"member_id": MEMBER}),
    ]
