"""The meeting's page: the room while it is open, the record when it is closed; and the pieces only their owner sees."""

import uuid
from collections.abc import Sequence, Set
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from core import clock
from core.http import page, see_other
from core.mail import full_address
from core.policy import principal_of
from learning.forms.room import JottingForm, OfferForm, OtherViewForm, RaiseForm, WordsForm
from learning.models import Jotting
from learning.queries import coming_up, mine, my_offers, reading, room_of, settled_along, to_agree, tray
from learning.rules import may_send
from learning.services.read_back import points_to_read
from learning.views.record import record_page
from meetings.fragments import wall_address
from meetings.models import ItemKind, Meeting, Phase
from meetings.queries import (
    LENGTHS,
    Seats,
    agenda_of,
    agreed,
    meeting_for,
    next_planned,
    once,
    parkable,
    people_in,
    ready_words,
    seats_among,
    slot_of,
    spoken_code,
    visits_to,
)
from meetings.roles import Do
from meetings.rules import may, visit_token
from meetings.services.taps import last_tap
from teams.models import Membership
from teams.queries import agreement_of
from teams.roles import RaiseRule
from teams.rules import Person, is_member, person_of


def meeting(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One address for a meeting's whole life."""
    person = person_of(request)
    found = room_of(person, pk)
    if found.phase == Phase.CLOSED:
        return record_page(request, person, found)
    if not found.is_open or found.phase == Phase.CANCELLED:
        return _not_open(request, person, found)
    return page(request, "learning/room.html", room_context(person, found))


def room_context(person: Person, meeting: Meeting) -> dict[str, Any]:
    """Everything one member's room shows. What costs a query is asked when a template wants it: a piece wants little."""
    everybody, seats = once(meeting, people_in), seats_among(meeting)
    holder, chair = seats.holder, seats.chair
    holds = holder is not None and holder.pk == person.member_id
    context: dict[str, Any] = {
        "person": person,
        "team": person.team,
        "me": person.member_id,
        "meeting": meeting,
        "live": meeting,
        "live_member": person.member_id,
        "audience": "member",
        "holder": holder,
        "chair": chair,
        "scribe": seats.scribe,
        "seats": seats,
        "holds": holds,
        "chairs": chair is not None and chair.pk == person.member_id,
        "may_take_back": seats.may_take_back(person.member_id),
        "held_before": seats.held_before(person.member_id),
        "unraised": SimpleLazyObject(lambda: sum(jotting.raised_at is None for jotting in context["mine"].jottings)),
        "askable": SimpleLazyObject(lambda: askable(context["members"], context["present"], context["away"], seats)),
        "can_close": may(person.member, Do.CLOSE, meeting, seats.held),
        "may_send": SimpleLazyObject(lambda: may_send(person.member, meeting, seats.held)),
        "tasks": SimpleLazyObject(lambda: ready_words(context["agreement"])),
        "may_park": SimpleLazyObject(lambda: may(person.member, Do.PARK, meeting, seats.held)),
        "parkable": SimpleLazyObject(lambda: parkable(context["agenda"])),
        "next_meeting": SimpleLazyObject(lambda: once(meeting, next_planned)),
        "lengths": LENGTHS,
        "new_key": SimpleLazyObject(uuid.uuid4),
        "CASE": ItemKind.CASE,
        "last_tap": SimpleLazyObject(lambda: last_tap(meeting, person.member_id)),
        "agenda": SimpleLazyObject(lambda: once(meeting, agenda_of)),
        "slot": SimpleLazyObject(lambda: slot_of(once(meeting, agenda_of), clock.now())),
        "members": everybody.members,
        "present": everybody.present,
        "away": everybody.away,
        "code": SimpleLazyObject(lambda: once(meeting, spoken_code)),
        "on_screen": SimpleLazyObject(lambda: wall_address(once(meeting, spoken_code))),
        "reading": SimpleLazyObject(lambda: once(meeting, reading)),
        "agreement": SimpleLazyObject(lambda: once(meeting, agreed)),
        "along": SimpleLazyObject(lambda: settled_along(meeting)),
        "to_agree": SimpleLazyObject(lambda: to_agree(meeting)),
        "coming": SimpleLazyObject(lambda: coming_up(meeting)),
        "at_once": SimpleLazyObject(lambda: context["agreement"].raise_rule == RaiseRule.AS_THEY_COME),
        "may_let_in": may(person.member, Do.LET_IN, meeting, seats.held),
        "lets_in": SimpleLazyObject(lambda: context["may_let_in"] and context["agreement"].visitors),
        "visits": SimpleLazyObject(lambda: once(meeting, visits_to)),
        "visit_link": SimpleLazyObject(lambda: full_address(reverse("visit", args=[visit_token(meeting)]))),
    }
    context |= desk_context(person, meeting, holds=holds)
    return context | pen_context(person, context["reading"])


def askable(members: Sequence[Membership], present: Set[int], away: Set[int], seats: Seats) -> list[Membership]:
    """Who may be asked to keep learning in mind, but for the holder and the Chair: those who are here, or, where nobody has ticked
    that yet, those who aren't away.
    """
    taken = [seats.holder] if seats.meeting.small else [seats.holder, seats.chair]
    others = {member.pk for member in taken if member is not None}
    return [
        member
        for member in members
        if member.pk not in others and (member.pk in present or (not present and member.pk not in away))
    ]


def desk_context(person: Person, meeting: Meeting, *, holds: bool) -> dict[str, Any]:
    """The place where one person writes: the holder's jottings and tray, or the others' offers."""
    return {
        "mine": SimpleLazyObject(lambda: mine(person, meeting, holds=holds)),
        "jotting_form": JottingForm(initial={"key": uuid.uuid4()}),
        "offer_form": OfferForm(initial={"key": uuid.uuid4()}),
        "tray": SimpleLazyObject(lambda: tray(meeting) if holds else []),
        "my_offers": SimpleLazyObject(lambda: [] if holds else my_offers(person, meeting)),
    }


def pen_context(person: Person, read: Any) -> dict[str, Any]:
    """The point that is being read back, and the pen's fields for whoever has it. `read`: a Reading or None."""
    turn = SimpleLazyObject(lambda: read.turn if read else None)
    has_pen = SimpleLazyObject(lambda: bool(turn) and read.read_back.pen_id == person.member_id)
    return {
        "turn": turn,
        "has_pen": has_pen,
        "words_form": SimpleLazyObject(lambda: _words_form(person, turn)),
        "view_form": OtherViewForm(initial={"key": uuid.uuid4()}),
    }


def _words_form(person: Person, turn: Any) -> WordsForm:
    return WordsForm(initial=WordsForm.now(turn.point) | {"version": turn.point.version}, team_id=person.team.pk)


def piece(request: HttpRequest, slug: str, pk: int, name: str) -> HttpResponse:
    """One personal piece of the room, fetched by its owner when what it shows has changed."""
    person = person_of(request)
    found = room_of(person, pk)
    if found.phase not in (Phase.LIVE, Phase.PLANNED):
        return see_other(request, reverse("meeting", args=[slug, pk]))
    return page(request, f"learning/room/{name}.html", room_context(person, found))


def raise_page(request: HttpRequest, slug: str, pk: int, jotting: int) -> HttpResponse:
    """A jotting, and an empty field to put it in words that fit any case."""
    person = person_of(request)
    found = meeting_for(person, pk)
    source = (
        Jotting.objects.visible_to(person)
        .filter(meeting=found, pk=jotting)
        .select_related("item__presenter__user")
        .first()
    )
    if source is None:
        return see_other(request, reverse("meeting", args=[slug, pk]))
    words = source.text if request.GET.get("words") == "mine" else ""
    form = RaiseForm(initial={"key": uuid.uuid4(), "jotting": source.pk, "text": words, "kind": "point"})
    return page(request, "learning/raise.html", raise_context(person, found, source, form))


def raise_context(person: Person, meeting: Meeting, source: Jotting | None, form: RaiseForm) -> dict[str, Any]:
    """The raise page's."""
    return room_context(person, meeting) | {"source": source, "form": form, "agreement": agreement_of(person.team.pk)}


def pick(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Which points are read back: up to three, in order."""
    person = person_of(request)
    found = meeting_for(person, pk)
    if found.phase != Phase.LIVE:
        return see_other(request, reverse("meeting", args=[slug, pk]))
    return page(request, "learning/pick.html", pick_context(person, found))


def pick_context(person: Person, meeting: Meeting, *, error: str = "") -> dict[str, Any]:
    """The pick page's: whoever doesn't hold the seat sees no words that wait."""
    context = room_context(person, meeting)
    points = points_to_read(meeting)
    return context | {"candidates": points if context["holds"] else [], "waiting": len(points), "error": error}


def _not_open(request: HttpRequest, person: Person, meeting: Meeting) -> HttpResponse:
    context = room_context(person, meeting) | {"here": "home"}
    return page(request, "learning/not_open.html", context)


def wall(request: HttpRequest, wall: str) -> HttpResponse:
    """The shared screen: to look only. A member who is signed in lands in the room instead."""
    principal = principal_of(request)
    found = meeting_for(principal, principal.meeting_id or 0)
    if request.user.is_authenticated and is_member(request.user.pk, found.team_id):
        return see_other(request, reverse("meeting", args=[found.team.slug, found.pk]))
    context = {
        "meeting": found,
        "team": found.team,
        "live": found,
        "audience": "wall",
    }
    response = page(request, "learning/wall.html", context)
    response.set_cookie(
        settings.WALL_COOKIE_NAME,
        wall,
        secure=settings.SECURE,
        httponly=True,
        samesite="Lax",
        max_age=43_200,
    )
    return response
