"""The second wall round this storey's rows."""

from django.db import migrations

from core.rls import TeamOwned

MEMBER, MEETING, ITEM, POINT = "teams_membership", "meetings_meeting", "meetings_item", "learning_point"


class Migration(migrations.Migration):
    dependencies = [("learning", "0001_initial"), ("meetings", "0002_walls")]
    operations = [
        TeamOwned("learning_jotting", {"meeting_id": MEETING, "author_id": MEMBER, "item_id": ITEM}),
        TeamOwned("learning_offer", {"meeting_id": MEETING, "by_id": MEMBER}),
        TeamOwned(
            "learning_point",
            {
                "meeting_id": MEETING,
                "item_id": ITEM,
                "offer_id": "learning_offer",
                "raised_by_id": MEMBER,
                "owner_id": MEMBER,
            },
        ),
        TeamOwned("learning_wording", {"point_id": POINT, "typed_by_id": MEMBER}),
        TeamOwned("learning_readback", {"meeting_id": MEETING, "by_id": MEMBER, "pen_id": MEMBER}),
        TeamOwned("learning_turn", {"meeting_id": MEETING, "point_id": POINT, "recorded_by_id": MEMBER}),
        TeamOwned("learning_observation", {"meeting_id": MEETING, "by_id": MEMBER}),
        TeamOwned("learning_summary", {"meeting_id": MEETING, "sent_by_id": MEMBER}),
        TeamOwned(
            "learning_delivery", {"summary_id": "learning_summary", "member_id": MEMBER, "letter_id": "teams_letter"}
        ),
    ]
