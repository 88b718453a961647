"""What one page of this storey needs."""

from meetings.queries.agenda import (
    LENGTHS,
    Agenda,
    Row,
    Slot,
    agenda_of,
    agreed,
    here,
    meeting_for,
    next_planned,
    parkable,
    ready_words,
    slot_of,
    spoken_code,
)
from meetings.queries.once import know, once
from meetings.queries.room import People, people_in, seats_among, unfold, with_room
from meetings.queries.seats import Seats, seats_in
from meetings.queries.visitors import Visits, visits_to, who_visited

__all__ = [
    "LENGTHS",
    "Agenda",
    "People",
    "Row",
    "Seats",
    "Slot",
    "Visits",
    "agenda_of",
    "agreed",
    "here",
    "know",
    "meeting_for",
    "next_planned",
    "once",
    "parkable",
    "people_in",
    "ready_words",
    "seats_among",
    "seats_in",
    "slot_of",
    "spoken_code",
    "unfold",
    "visits_to",
    "who_visited",
    "with_room",
]
