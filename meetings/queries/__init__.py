"""What one page of this storey needs."""

from meetings.queries.agenda import Agenda, Row, Slot, agenda_of, here, meeting_for, slot_of, spoken_code
from meetings.queries.once import once
from meetings.queries.seats import Seats, seats_in

__all__ = [
    "Agenda",
    "Row",
    "Seats",
    "Slot",
    "agenda_of",
    "here",
    "meeting_for",
    "once",
    "seats_in",
    "slot_of",
    "spoken_code",
]
