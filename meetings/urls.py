"""Addresses of this storey, each with its policy."""

from django.urls import path, register_converter

from core.policy import Anyone, allow
from meetings.roles import SeatKind
from meetings.views import planning, room, wall
from teams.rules import Member


class SeatConverter:
    """One of the three seats."""

    regex = "|".join(SeatKind.values)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(SeatConverter, "seat")
M = "t/<slug:slug>/m/<int:pk>/"

urlpatterns = [
    path("t/<slug:slug>/meetings/new/", allow(Member(), planning.new, "GET", "POST"), name="meeting_new"),
    path(M + "plan/", allow(Member(), planning.plan, "GET", "POST"), name="meeting_plan"),
    path(M + "cancel/", allow(Member(), planning.cancel, "POST"), name="meeting_cancel"),
    path(M + "items/add/", allow(Member(), planning.add_item, "POST"), name="item_add"),
    path(M + "items/<int:item>/", allow(Member(), planning.change_item, "POST"), name="item_change"),
    path(M + "items/<int:item>/move/", allow(Member(), planning.move_item, "POST"), name="item_move"),
    path(M + "items/<int:item>/remove/", allow(Member(), planning.remove_item, "POST"), name="item_remove"),
    path(M + "seats/<seat:kind>/", allow(Member(), room.seat, "POST"), name="seat"),
    path(M + "small/", allow(Member(), room.small, "POST"), name="meeting_small"),
    path(M + "begin/", allow(Member(), room.begin, "POST"), name="meeting_begin"),
    path(M + "next/", allow(Member(), room.next_item, "POST"), name="item_next"),
    path(M + "more-minutes/", allow(Member(), room.more_minutes, "POST"), name="item_more"),
    path(M + "task/", allow(Member(), room.mark_task, "POST"), name="item_task"),
    path(M + "attendance/", allow(Member(), room.attendance, "POST"), name="attendance"),
    path(M + "close/", allow(Member(), room.close, "POST"), name="meeting_close"),
    path("wall/", allow(Anyone(), wall.enter, "GET", "POST"), name="wall_enter"),
]
