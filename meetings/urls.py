"""Addresses of this storey, each with its policy."""

from django.urls import path, register_converter

from core.policy import Anyone, allow
from meetings.roles import SeatKind
from meetings.rules import VisitLink
from meetings.views import dates, feeds, paper, planning, room, turns, visit, wall
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
D = "t/<slug:slug>/dates/"
S = D + "<int:series>/"

urlpatterns = [
    path("t/<slug:slug>/meetings/new/", allow(Member(), planning.new, "GET", "POST"), name="meeting_new"),
    path(M + "plan/", allow(Member(), planning.plan, "GET", "POST"), name="meeting_plan"),
    path(M + "paper/", allow(Member(), paper.paper), name="paper"),
    path(M + "screen.svg", allow(Member(), wall.code_picture), name="wall_code"),
    path(M + "cancel/", allow(Member(), planning.cancel, "POST"), name="meeting_cancel"),
    path(M + "items/add/", allow(Member(), planning.add_item, "POST"), name="item_add"),
    path(M + "items/<int:item>/", allow(Member(), planning.change_item, "POST"), name="item_change"),
    path(M + "items/<int:item>/move/", allow(Member(), planning.move_item, "POST"), name="item_move"),
    path(M + "items/<int:item>/remove/", allow(Member(), planning.remove_item, "POST"), name="item_remove"),
    path(M + "seats/<seat:kind>/", allow(Member(), room.seat, "POST"), name="seat"),
    path(M + "turn/", allow(Member(), turns.answer, "POST"), name="turn"),
    path(M + "small/", allow(Member(), room.small, "POST"), name="meeting_small"),
    path(M + "begin/", allow(Member(), room.begin, "POST"), name="meeting_begin"),
    path(M + "next/", allow(Member(), room.next_item, "POST"), name="item_next"),
    path(M + "more-minutes/", allow(Member(), room.more_minutes, "POST"), name="item_more"),
    path(M + "task/", allow(Member(), room.mark_task, "POST"), name="item_task"),
    path(M + "step/", allow(Member(), room.step, "POST"), name="item_step"),
    path(M + "park/", allow(Member(), room.park, "POST"), name="item_park"),
    path(M + "attendance/", allow(Member(), room.attendance, "POST"), name="attendance"),
    path(M + "undo/<int:tap>/", allow(Member(), room.undo, "POST"), name="tap_undo"),
    path(M + "visitors/<int:visitor>/let-in/", allow(Member(), visit.let_in, "POST"), name="visitor_let_in"),
    path(M + "visitors/<int:visitor>/see-out/", allow(Member(), visit.see_out, "POST"), name="visitor_see_out"),
    path(M + "close/", allow(Member(), room.close, "POST"), name="meeting_close"),
    path(M + "reinstate/", allow(Member(), dates.reinstate, "POST"), name="meeting_reinstate"),
    path(D, allow(Member(), dates.dates), name="dates"),
    path(D + "new/", allow(Member(), dates.new, "GET", "POST"), name="series_new"),
    path(S + "change/", allow(Member(), dates.change, "GET", "POST"), name="series_change"),
    path(S + "end/", allow(Member(), dates.end, "POST"), name="series_end"),
    path(S + "agenda/", allow(Member(), dates.lines), name="series_lines"),
    path(S + "agenda/add/", allow(Member(), dates.add_line, "POST"), name="series_line_add"),
    path(S + "agenda/<int:line>/", allow(Member(), dates.change_line, "POST"), name="series_line_change"),
    path(S + "agenda/<int:line>/move/", allow(Member(), dates.move_line, "POST"), name="series_line_move"),
    path(S + "agenda/<int:line>/remove/", allow(Member(), dates.remove_line, "POST"), name="series_line_remove"),
    path(D + "pauses/add/", allow(Member(), dates.pause, "POST"), name="pause_add"),
    path(D + "pauses/<int:pause>/remove/", allow(Member(), dates.take_pause_back, "POST"), name="pause_remove"),
    path(D + "bank-holidays/", allow(Member(), dates.bank_holidays, "POST"), name="bank_holidays"),
    path(D + "calendar/", allow(Member(), dates.renew, "POST"), name="calendar_renew"),
    path("calendar/<str:token>.ics", allow(Anyone(), feeds.calendar), name="calendar"),
    path("visit/<str:visit>/ask/", allow(VisitLink(), visit.ask, "POST"), name="visit_ask"),
    path("visit/<str:visit>/go/", allow(VisitLink(), visit.go, "POST"), name="visit_go"),
    path("wall/", allow(Anyone(), wall.enter, "GET", "POST"), name="wall_enter"),
]
