"""The rows of this storey."""

from meetings.models.meeting import NEXT, Item, ItemKind, Meeting, Phase, Task
from meetings.models.seat import Attendance, How, Seat, WallCode

__all__ = ["NEXT", "Attendance", "How", "Item", "ItemKind", "Meeting", "Phase", "Seat", "Task", "WallCode"]
