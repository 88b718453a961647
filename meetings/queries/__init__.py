"""What one page of this storey needs."""

from meetings.queries.agenda import Agenda, Row, agenda_of, here, meeting_for, spoken_code
from meetings.queries.once import once
from meetings.queries.seats import Seats, seats_in

__all__ = ["Agenda", "Row", "Seats", "agenda_of", "here", "meeting_for", "once", "seats_in", "spoken_code"]
