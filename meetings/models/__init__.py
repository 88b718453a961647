"""The rows of this storey."""

from meetings.models.meeting import NEXT, CalledOff, Item, ItemKind, Meeting, Phase, Step, Task
from meetings.models.seat import MAY_COME_BACK, Attendance, Ended, How, Seat, WallCode
from meetings.models.series import Pause, Series, SeriesLine
from meetings.models.tap import Tap
from meetings.models.visitor import Visitor

__all__ = [
    "MAY_COME_BACK",
    "NEXT",
    "Attendance",
    "CalledOff",
    "Ended",
    "How",
    "Item",
    "ItemKind",
    "Meeting",
    "Pause",
    "Phase",
    "Seat",
    "Series",
    "SeriesLine",
    "Step",
    "Tap",
    "Task",
    "Visitor",
    "WallCode",
]
