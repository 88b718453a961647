"""The second wall round this storey's rows, and a record that nobody edits."""

from django.db import migrations

from core.rls import SCOPE_FUNCTIONS, AppendOnly, TeamOwned

MEMBER = "teams_membership"


class Migration(migrations.Migration):
    dependencies = [("teams", "0001_initial")]
    operations = [
        SCOPE_FUNCTIONS,
        TeamOwned("teams_team", column="id"),
        TeamOwned("teams_membership"),
        TeamOwned("teams_teamagreement"),
        TeamOwned("teams_invitation", {"by_id": MEMBER}),
        TeamOwned("teams_letter"),
        TeamOwned("teams_attempt", {"letter_id": "teams_letter"}),
        TeamOwned("teams_activity"),
        AppendOnly("teams_activity"),
    ]
