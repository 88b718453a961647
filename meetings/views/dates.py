"""Our dates: what is coming, the series, pauses, bank holidays, and the links of calendars."""

import uuid
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from core import clock
from core.errors import Invalid, NotPossible, Stale
from core.forms import beside, merge
from core.http import as_id, page, see_other
from core.mail import full_address
from core.zones import day_of
from meetings.forms.dates import BankHolidaysForm, EndForm, LineForm, LinkForm, PauseForm, SeriesForm
from meetings.models import ItemKind, Series, SeriesLine
from meetings.queries.dates import dates_for, in_words, lines_of, series_for
from meetings.services import planning
from meetings.services import series as services
from teams.roles import Act
from teams.rules import Person, may, person_of
from teams.services.feeds import my_token, renew_mine, renew_teams, team_token
from teams.services.teams import keep_bank_holidays

SHOWN = 6  # dates; the rest is behind a tap


def dates(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything about when the team meets."""
    return dates_page(request, person_of(request))


def dates_page(
    request: HttpRequest,
    person: Person,
    *,
    pause_form: PauseForm | None = None,
    holidays_form: BankHolidaysForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page, with whichever form is being filled in."""
    found = dates_for(person, person.team)
    may_change = may(person.member, Act.CHANGE_AGREEMENT)
    context = {
        "person": person,
        "team": person.team,
        "here": "team",
        "dates": found,
        "nearest": found.coming[:SHOWN],
        "later": found.coming[SHOWN:],
        "pause_form": pause_form or PauseForm(initial={"key": uuid.uuid4()}),
        "holidays_form": holidays_form
        or BankHolidaysForm(initial={"whose": person.team.bank_holidays, "seen": person.team.bank_holidays}),
        "may_change": may_change,
        "links": _links(person),
    }
    return page(request, "meetings/dates.html", context, status=status)


def _links(person: Person) -> list[dict[str, object]]:
    """The two calendars: their addresses, and who may make a new one."""
    found = []
    for what, token, number, may_renew in (
        ("mine", my_token(person.user), person.user.feed_no, True),
        ("team", team_token(person.team), person.team.feed_no, may(person.member, Act.CHANGE_AGREEMENT)),
    ):
        address = full_address(reverse("calendar", args=[token]))
        follow = urlsplit(address)._replace(scheme="webcal").geturl()
        found.append({"what": what, "address": address, "follow": follow, "number": number, "may_renew": may_renew})
    return found


# --- a series ---


def new(request: HttpRequest, slug: str) -> HttpResponse:
    """A meeting that comes again."""
    person = person_of(request)
    form = (
        SeriesForm(request.POST, team=person.team)
        if request.method == "POST"
        else SeriesForm.fresh(person.team, str(uuid.uuid4()))
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.plan_series(by=person.member, key=form.cleaned_data["key"], **form.values())
        except Invalid as refused:
            beside(form, refused)
        else:
            messages.info(request, _("Planned. Every date can still be moved or skipped by itself."))
            return see_other(request, reverse("dates", args=[slug]))
    context = {"person": person, "team": person.team, "here": "team", "form": form}
    return page(request, "meetings/series_new.html", context, status=422 if form.is_bound else 200)


def change(request: HttpRequest, slug: str, series: int) -> HttpResponse:
    """Another day, time, length or place from a date on."""
    person = person_of(request)
    found = series_for(person, series)
    if request.method != "POST":
        return _change_page(request, person, found)
    form = SeriesForm(request.POST, team=person.team, series=found)
    status = 422
    if form.is_valid():
        given = form.cleaned_data
        try:
            services.change_series(
                by=person.member, series=series, seen=given["version"], key=given["key"], **form.values()
            )
        except Stale as refused:
            found = series_for(person, series)
            now = {name: value for name, value in SeriesForm.of(found, "").initial.items() if name in SeriesForm.MERGED}
            merge(form, refused, version=found.version, now=now)
            status = refused.status
        except (Invalid, NotPossible) as refused:
            beside(form, refused)
            status = refused.status
        else:
            messages.info(request, _("Changed. Everyone in the team gets one mail about it."))
            return see_other(request, reverse("dates", args=[slug]))
    return _change_page(request, person, found, form=form, status=status)


def end(request: HttpRequest, slug: str, series: int) -> HttpResponse:
    """No more meetings from a date on."""
    person = person_of(request)
    found = series_for(person, series)
    form = EndForm(request.POST, auto_id="end_%s")
    status = 422
    if form.is_valid():
        given = form.cleaned_data
        try:
            services.end_series(by=person.member, series=series, first=given["first"], seen=given["version"])
        except (Invalid, NotPossible) as refused:
            beside(form, refused)
            status = refused.status
        else:
            messages.info(request, _("The series ends. Everyone in the team gets one mail about it."))
            return see_other(request, reverse("dates", args=[slug]))
    return _change_page(request, person, found, end_form=form, status=status)


def _change_page(
    request: HttpRequest,
    person: Person,
    series: Series,
    *,
    form: SeriesForm | None = None,
    end_form: EndForm | None = None,
    status: int = 200,
) -> HttpResponse:
    today = day_of(clock.now(), person.team.zone)
    context = {
        "person": person,
        "team": person.team,
        "here": "team",
        "series": series,
        "words": in_words(series.rule),
        "is_over": series.until is not None and series.until < today,
        "form": form or SeriesForm.of(series, str(uuid.uuid4())),
        "end_form": end_form or EndForm(auto_id="end_%s", initial={"first": max(today, series.first)}),
    }
    return page(request, "meetings/series_change.html", context, status=status)


# --- what each of its meetings begins with ---


def lines(request: HttpRequest, slug: str, series: int) -> HttpResponse:
    """The agenda that each meeting of a series begins with."""
    person = person_of(request)
    return lines_page(request, person, series_for(person, series))


def lines_page(
    request: HttpRequest,
    person: Person,
    series: Series,
    *,
    form: LineForm | None = None,
    editing: int | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page, with the line that is being filled in."""
    found = lines_of(series)
    if form is None and (editing := as_id(request.GET.get("line"))):
        line = next((line for line in found if line.pk == editing), None)
        form = LineForm.of(line, series.version) if line else None
    adding = form is None and "add" in request.GET
    if adding:
        given = {"kind": ItemKind.OTHER, "minutes": 10, "version": series.version, "key": uuid.uuid4()}
        form = LineForm(initial=given)
    total = sum(line.minutes for line in found)
    context = {
        "person": person,
        "team": person.team,
        "here": "team",
        "series": series,
        "words": in_words(series.rule),
        "lines": found,
        "total": total,
        "spare": series.minutes - total,
        "form": form,
        "editing": editing,
    }
    return page(request, "meetings/series_lines.html", context, status=status)


def _lines(slug: str, series: int, line: int | None = None) -> str:
    return reverse("series_lines", args=[slug, series]) + (f"?line={line}" if line else "")


def add_line(request: HttpRequest, slug: str, series: int) -> HttpResponse:
    """One more line."""
    person = person_of(request)
    found = series_for(person, series)
    form = LineForm(request.POST)
    status = 422
    if form.is_valid():
        given = form.cleaned_data
        try:
            services.add_line(
                by=person.member,
                series=series,
                kind=ItemKind(given["kind"] or ItemKind.OTHER),
                minutes=given["minutes"],
                label=given["label"],
                seen=given["version"],
                key=given["key"],
            )
            return see_other(request, _lines(slug, series))
        except Stale as refused:
            found = series_for(person, series)
            merge(form, refused, version=found.version, now={})
            status = refused.status
        except Invalid as refused:
            beside(form, refused)
            status = refused.status
    return lines_page(request, person, found, form=form, status=status)


def change_line(request: HttpRequest, slug: str, series: int, line: int) -> HttpResponse:
    """Other words, other minutes."""
    person = person_of(request)
    found = series_for(person, series)
    form = LineForm(request.POST)
    status = 422
    if form.is_valid():
        given = form.cleaned_data
        try:
            services.change_line(
                by=person.member,
                series=series,
                line=line,
                minutes=given["minutes"],
                label=given["label"],
                seen=given["version"],
            )
            return see_other(request, _lines(slug, series))
        except Stale as refused:
            found = series_for(person, series)
            now = SeriesLine.objects.filter(series=found, pk=line).first()
            merge(form, refused, version=found.version, now={"label": now.label, "minutes": now.minutes} if now else {})
            status = refused.status
        except Invalid as refused:
            beside(form, refused)
            status = refused.status
    return lines_page(request, person, found, form=form, editing=line, status=status)


def move_line(request: HttpRequest, slug: str, series: int, line: int) -> HttpResponse:
    """One place up or down."""
    person = person_of(request)
    series_for(person, series)
    seen = as_id(request.POST.get("version"))
    services.move_line(by=person.member, series=series, line=line, up=request.POST.get("to") == "up", seen=seen)
    return see_other(request, _lines(slug, series, line))


def remove_line(request: HttpRequest, slug: str, series: int, line: int) -> HttpResponse:
    """Take it out."""
    person = person_of(request)
    series_for(person, series)
    services.remove_line(by=person.member, series=series, line=line, seen=as_id(request.POST.get("version")))
    return see_other(request, _lines(slug, series))


# --- single dates, pauses, bank holidays ---


def reinstate(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One date takes place after all."""
    person = person_of(request)
    planning.reinstate(by=person.member, meeting=pk)
    messages.info(request, _("It takes place after all."))
    return see_other(request, reverse("dates", args=[slug]))


def pause(request: HttpRequest, slug: str) -> HttpResponse:
    """Days without meetings."""
    person = person_of(request)
    form = PauseForm(request.POST)
    if form.is_valid():
        try:
            services.pause(by=person.member, **form.cleaned_data)
        except Invalid as refused:
            beside(form, refused)
        else:
            messages.info(request, _("Paused. What was planned on these days is cancelled."))
            return see_other(request, reverse("dates", args=[slug]))
    return dates_page(request, person, pause_form=form, status=422)


def take_pause_back(request: HttpRequest, slug: str, pause: int) -> HttpResponse:
    """The dates of a pause take place after all."""
    person = person_of(request)
    services.take_pause_back(by=person.member, pause=pause)
    messages.info(request, _("Taken back. What the pause had cancelled takes place."))
    return see_other(request, reverse("dates", args=[slug]))


def bank_holidays(request: HttpRequest, slug: str) -> HttpResponse:
    """Whose bank holidays the team keeps."""
    person = person_of(request)
    form = BankHolidaysForm(request.POST)
    status = 422
    if form.is_valid():
        seen = form.cleaned_data["seen"] if "seen" in request.POST else None
        try:
            keep_bank_holidays(by=person.member, whose=form.cleaned_data["whose"], seen=seen)
        except Stale as refused:
            form = _again(form, person.team.bank_holidays)
            beside(form, refused)
            status = 409
        else:
            return see_other(request, reverse("dates", args=[slug]) + "#bank-holidays")
    return dates_page(request, person, holidays_form=form, status=status)


def _again(form: BankHolidaysForm, seen: str) -> BankHolidaysForm:
    """The same answer, to be sent once more by whoever has seen what it is now."""
    return BankHolidaysForm({"whose": form.cleaned_data["whose"], "seen": seen})


# --- the links ---


def renew(request: HttpRequest, slug: str) -> HttpResponse:
    """A new link; the old one stops at once."""
    person = person_of(request)
    form = LinkForm(request.POST)
    if not form.is_valid():
        raise Invalid("what", _("Choose which calendar."))
    if form.cleaned_data["what"] == "mine":
        renew_mine(by=person.user, seen=form.cleaned_data["number"])
    else:
        renew_teams(by=person.member, seen=form.cleaned_data["number"])
    messages.info(request, _("A new link. The old one shows nothing any more."))
    return see_other(request, reverse("dates", args=[slug]) + "#calendar")
