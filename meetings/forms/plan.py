"""A meeting's date, its items, its seats."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from core import clock
from core.forms import Presenters
from core.zones import moment
from meetings.models import ItemKind, Meeting, Step
from teams.models import Membership, Team


class MeetingForm(forms.Form):
    """When and where, in the team's own time."""

    day = forms.DateField(label=_("Date"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    at = forms.TimeField(label=_("From"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    minutes = forms.IntegerField(label=_("Minutes"), min_value=5, max_value=480, initial=60)
    place = forms.CharField(label=_("Place"), max_length=80, required=False)
    video = forms.URLField(label=_("Video link"), max_length=300, required=False, assume_scheme="https")
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, team: Team, meeting: Meeting | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = team.zone
        self.meeting = meeting  # the one that is changed

    @classmethod
    def of(cls, meeting: Meeting) -> "MeetingForm":
        """Filled with a meeting as it is planned."""
        starts = meeting.starts.astimezone(ZoneInfo(meeting.team.zone))
        return cls(
            team=meeting.team,
            initial={
                "day": starts.date(),
                "at": starts.time(),
                "minutes": meeting.minutes,
                "place": meeting.place,
                "video": meeting.video,
                "version": meeting.version,
            },
        )

    @classmethod
    def fresh(cls, team: Team, key: str) -> "MeetingForm":
        """A week from today at ten."""
        day = clock.now().astimezone(ZoneInfo(team.zone)).date() + timedelta(days=7)
        return cls(team=team, initial={"day": day, "at": time(10), "minutes": 60, "key": key})

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        if not 2000 <= day.year <= 2100:
            raise forms.ValidationError(_("Choose a date in this century."))
        return day

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if "day" in cleaned and "at" in cleaned:
            starts = self._moment(cleaned["day"], cleaned["at"])
            if starts < clock.now() - timedelta(minutes=15):
                self.add_error("day", _("This is in the past. Choose a later day or time."))
            cleaned["starts"] = starts
        return cleaned

    def _moment(self, day: date, at: time) -> datetime:
        """In UTC, as the row has it. A time that wasn't changed stays the moment it was, of two that clocks show alike too."""
        if self.meeting is not None:
            was = self.meeting.starts.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
            if datetime.combine(day, at) in (was, was.replace(second=0, microsecond=0)):  # a browser shows minutes
                return self.meeting.starts
        return moment(day, at, self.zone)

    def values(self) -> dict[str, Any]:
        """What the planning service wants."""
        return {name: self.cleaned_data[name] for name in ("starts", "minutes", "place", "video")}


class ItemForm(forms.Form):
    """One item of the agenda."""

    kind = forms.ChoiceField(choices=ItemKind.choices, required=False, widget=forms.HiddenInput)
    label = forms.CharField(label=_("Item"), max_length=80, required=False)
    presenter = Presenters(
        label=_("Who brings it"),
        queryset=Membership.objects.none(),
        required=False,
        empty_label=_("Nobody in particular"),
    )
    minutes = forms.IntegerField(label=_("Minutes"), min_value=1, max_value=240, initial=10)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, team_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["presenter"].queryset = Membership.objects.present().filter(team_id=team_id).select_related("user")  # type: ignore[attr-defined]


class MinutesForm(forms.Form):
    """Other minutes for one item, in the room."""

    minutes = forms.IntegerField(min_value=1, max_value=240)
    version = forms.IntegerField(required=False)


class SeatForm(forms.Form):
    """Somebody for a seat; nobody to leave it empty."""

    member = Presenters(queryset=Membership.objects.none(), required=False)

    def __init__(self, *args: Any, team_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["member"].queryset = Membership.objects.present().filter(team_id=team_id).select_related("user")  # type: ignore[attr-defined]


class TaskForm(forms.Form):
    """Ready words for the task: the team's own, or ours."""

    task = forms.ChoiceField()

    def __init__(self, *args: Any, words: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].choices = words  # type: ignore[attr-defined]


class StepForm(forms.Form):
    """One of the four steps of a case discussion."""

    step = forms.ChoiceField(choices=Step.choices)


class CodeForm(forms.Form):
    """The wall's code."""

    code = forms.CharField(label=_("The code of the meeting"), max_length=20)
