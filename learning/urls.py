"""Addresses of this storey, each with its policy."""

from django.urls import path, register_converter

from core.policy import allow
from learning.views import agreeing, desk, holder, home, look, read_back, record, room, summary, visit
from meetings.rules import VisitLink, VisitorOf, Wall
from teams.rules import Member


class PieceConverter:
    """A personal piece of the room."""

    regex = "door|undo|arrange|at_close|room|controls|pen|desk|jottings|tray|roll|come"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(PieceConverter, "piece")
M = "t/<slug:slug>/m/<int:pk>/"

urlpatterns = [
    path("t/<slug:slug>/", allow(Member(), home.team_home), name="team_home"),
    path("t/<slug:slug>/learning/", allow(Member(), home.dashboard), name="dashboard"),
    path(M, allow(Member(), room.meeting), name="meeting"),
    path(M + "pieces/<piece:name>/", allow(Member(), room.piece), name="piece"),
    path(M + "look/", allow(Member(), look.look), name="look"),
    path(M + "pick/", allow(Member(), room.pick), name="pick"),
    path(M + "jottings/", allow(Member(), holder.keep, "POST"), name="jotting_keep"),
    path(M + "jottings/<int:jotting>/", allow(Member(), holder.change, "GET", "POST"), name="jotting_change"),
    path(M + "jottings/<int:jotting>/delete/", allow(Member(), holder.delete, "POST"), name="jotting_delete"),
    path(M + "jottings/<int:jotting>/raise/", allow(Member(), room.raise_page), name="raise_page"),
    path(M + "jottings/<int:jotting>/pass-on/", allow(Member(), desk.pass_on, "GET", "POST"), name="jotting_pass_on"),
    path(M + "points/new/", allow(Member(), desk.new), name="point_new"),
    path(M + "points/merge/", allow(Member(), desk.merge, "GET", "POST"), name="point_merge"),
    path(M + "points/<int:point>/move/", allow(Member(), desk.move, "POST"), name="point_move"),
    path(M + "points/<int:point>/when/", allow(Member(), agreeing.when, "POST"), name="point_when"),
    path(M + "points/", allow(Member(), holder.raise_it, "POST"), name="point_raise"),
    path(M + "points/<int:point>/", allow(Member(), holder.reword, "GET", "POST"), name="point_reword"),
    path(M + "points/<int:point>/take-back/", allow(Member(), holder.take_back, "POST"), name="point_take_back"),
    path(M + "offers/", allow(Member(), holder.offer, "POST"), name="offer"),
    path(M + "offers/<int:offer>/", allow(Member(), holder.answer, "POST"), name="offer_answer"),
    path(M + "read-back/", allow(Member(), read_back.start, "POST"), name="read_back"),
    path(M + "read-back/none/", allow(Member(), read_back.without, "POST"), name="read_back_none"),
    path(M + "read-back/first/", allow(Member(), read_back.first, "POST"), name="read_back_first"),
    path(M + "read-back/pen/", allow(Member(), read_back.pen, "POST"), name="pen"),
    path(M + "read-back/stop/", allow(Member(), read_back.stop, "POST"), name="read_back_stop"),
    path(M + "read-back/<int:point>/differently/", allow(Member(), agreeing.differently, "POST"), name="differently"),
    path(M + "read-back/<int:point>/read/", allow(Member(), agreeing.read, "POST"), name="read"),
    path(M + "read-back/<int:point>/", allow(Member(), read_back.words, "POST"), name="words"),
    path(M + "summary/", allow(Member(), summary.compose, "GET", "POST"), name="summary"),
    path(M + "summary/add/", allow(Member(), summary.add, "POST"), name="summary_add"),
    path(M + "summary/send/", allow(Member(), summary.send, "POST"), name="summary_send"),
    path(M + "summary/now/", allow(Member(), summary.now, "POST"), name="summary_now"),
    path(M + "summary/again/", allow(Member(), summary.again, "POST"), name="summary_again"),
    path(M + "summary/throw-away/", allow(Member(), summary.throw_away, "POST"), name="summary_throw_away"),
    path(M + "summary/sent/<int:edition>/", allow(Member(), record.as_it_was_sent), name="summary_sent"),
    path(M + "summary/<int:point>/", allow(Member(), summary.reword, "POST"), name="summary_reword"),
    path(M + "summary/<int:point>/move/", allow(Member(), summary.move, "POST"), name="summary_move"),
    path("wall/<str:wall>/", allow(Wall(), room.wall), name="wall"),
    path("visit/<str:visit>/", allow(VisitLink(), visit.visit), name="visit"),
    path("visit/<str:visit>/offer/", allow(VisitorOf(), visit.offer, "POST"), name="visit_offer"),
    path("visit/<str:visit>/differ/", allow(VisitorOf(), visit.differ, "GET", "POST"), name="visit_differ"),
]
