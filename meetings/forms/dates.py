"""A series, its lines, a pause; and what else is asked on the page of dates."""

from datetime import date, time, timedelta
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.functional import lazystr
from django.utils.translation import gettext_lazy as _

from core import clock
from core.zones import day_of
from meetings.models import ItemKind, Series, SeriesLine
from meetings.queries.dates import PATTERNS, Often, dates_of, rule_of
from teams.models import Team
from teams.roles import BankHolidays


class Day(forms.DateField):
    """One day of this century, as a browser's own calendar gives it."""

    def __init__(self, **more: Any) -> None:
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **more)

    def clean(self, value: Any) -> date | None:
        day: date | None = super().clean(value)
        if day is not None and not 2000 <= day.year <= 2100:
            raise forms.ValidationError(_("Choose a date in this century."))
        return day


def next_date(series: Series) -> date:
    """Its next date that is tomorrow or later: from there on it is changed, unless somebody chooses another day."""
    tomorrow = max(day_of(clock.now(), series.team.zone) + timedelta(days=1), series.first)
    return next(iter(dates_of(series, tomorrow, tomorrow + timedelta(days=70))), tomorrow)


class SeriesForm(forms.Form):
    """How often, on which day, from when on; the time is the team's own."""

    often = forms.ChoiceField(label=_("How often"), choices=Often.choices, initial=Often.WEEKLY.value)
    weekday = forms.ChoiceField(label=_("On"), choices=[(number, lazystr(name)) for number, name in WEEKDAYS.items()])
    first = Day(label=_("From this day on"))
    at = forms.TimeField(label=_("Time"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    minutes = forms.IntegerField(label=_("Minutes"), min_value=5, max_value=480, initial=60)
    place = forms.CharField(label=_("Place"), max_length=80, required=False)
    video = forms.URLField(label=_("Video link"), max_length=300, required=False, assume_scheme="https")
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    MERGED = (
        "often",
        "weekday",
        "at",
        "minutes",
        "place",
        "video",
    )  # what the row has; from which day on is one's own choice

    def __init__(self, *args: Any, team: Team, series: Series | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team = team
        self.series = series  # the one that is changed

    @classmethod
    def fresh(cls, team: Team, key: str) -> "SeriesForm":
        """Every week from tomorrow on, at ten."""
        day = day_of(clock.now(), team.zone) + timedelta(days=1)
        initial = {"often": Often.WEEKLY, "weekday": day.weekday(), "first": day, "at": time(10), "minutes": 60}
        return cls(team=team, initial={**initial, "key": key})

    @classmethod
    def of(cls, series: Series, key: str) -> "SeriesForm":
        """Filled with a series as it is, from its next date on that is tomorrow or later.

        Its weeks are counted from that day: with another one, a fortnightly series might change to the weeks between.
        """
        often, weekday = PATTERNS[series.rule]
        day = next_date(series)
        initial = {"often": often, "weekday": weekday, "first": day, "key": key, "version": series.version}
        return cls(
            team=series.team,
            initial={**initial, **{name: getattr(series, name) for name in ("at", "minutes", "place", "video")}},
        )

    def clean_first(self) -> date:
        day: date = self.cleaned_data["first"]
        if day < day_of(clock.now(), self.team.zone):
            raise forms.ValidationError(_("This day is past. Choose today or a later one."))
        return day

    def values(self) -> dict[str, Any]:
        """What the service wants."""
        given = self.cleaned_data
        rule = rule_of(Often(given["often"]), int(given["weekday"]))
        others = {name: given[name] for name in ("at", "minutes", "place", "video")}
        return {"rule": rule, "first": self._first(rule, given["first"]), **others}

    def _first(self, rule: str, first: date) -> date:
        """Where the day was left as the page had it, and the series is moved to an earlier day of that week (or month): that earlier
        day, if it is still to come, so that the week keeps its meeting.
        """
        if self.series is None or first != next_date(self.series):
            return first
        tomorrow = day_of(clock.now(), self.team.zone) + timedelta(days=1)
        begins = first - timedelta(days=first.weekday()) if PATTERNS[rule][0].by_weeks else first.replace(day=1)
        day = next(iter(dates_of(Series(rule=rule, first=begins), begins, first)), first)
        return day if day >= tomorrow else first


class EndForm(forms.Form):
    """From which day on a series has no more meetings."""

    first = Day(label=_("No more meetings from this day on"))
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class PauseForm(forms.Form):
    """Days without meetings."""

    first = Day(label=_("First day without"))
    last = Day(label=_("Last day without"))
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)


class LineForm(forms.Form):
    """One line of what each meeting of a series begins with. Never a case."""

    kind = forms.ChoiceField(
        label=_("What it is"),
        choices=[choice for choice in ItemKind.choices if choice[0] != ItemKind.CASE],
        required=False,
        initial=ItemKind.OTHER.value,
    )
    label = forms.CharField(label=_("Item"), max_length=80, required=False)
    minutes = forms.IntegerField(label=_("Minutes"), min_value=1, max_value=240, initial=10)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    @classmethod
    def of(cls, line: SeriesLine, version: int) -> "LineForm":
        return cls(initial={"kind": line.kind, "label": line.label, "minutes": line.minutes, "version": version})


class BankHolidaysForm(forms.Form):
    """Whose bank holidays the team keeps."""

    whose = forms.ChoiceField(label=_("Whose"), choices=BankHolidays.choices, required=False)
    seen = forms.CharField(required=False, max_length=6, widget=forms.HiddenInput)


class LinkForm(forms.Form):
    """Which link is made anew, and which one the page showed."""

    what = forms.ChoiceField(choices=[("mine", ""), ("team", "")])
    number = forms.IntegerField(required=False)
