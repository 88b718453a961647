"""The AMBIT leads' monthly digest."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core import clock
from core.workdays import is_working, morning_of
from teams.models import Letter, Membership, Team
from teams.services.letters import post_letter

TOO_LATE = timedelta(days=7)  # after the first working morning: then this month's is left out


def first_morning(moment: datetime, zone: str, whose: str) -> datetime:
    """Eight o'clock on the first working day of the month of `moment`, in the zone."""
    day = moment.astimezone(ZoneInfo(zone)).date().replace(day=1)
    while not is_working(day, whose):
        day += timedelta(days=1)
    return morning_of(day, zone)


def is_time(team: Team) -> bool:
    """Whether this month's digests are due, and not too late for anybody to care."""
    morning = first_morning(clock.now(), team.zone, team.bank_holidays)
    return morning <= clock.now() < morning + TOO_LATE


def post_digests(team: int) -> None:
    """One row for each AMBIT lead and month, from the first working morning on. Whether anything waits is asked when it leaves."""
    found = Team.objects.get(pk=team)
    if not is_time(found):
        return
    morning = first_morning(clock.now(), found.zone, found.bank_holidays)
    leads = Membership.objects.present().filter(team=found, is_lead=True, since__lte=morning).select_related("user")
    keys = {f"digest:{morning:%Y-%m}:member-{lead.pk}": lead for lead in leads}
    posted = set(Letter.objects.filter(key__in=keys).values_list("key", flat=True))
    for key, lead in keys.items():
        if key not in posted:
            post_letter("digest", key=key, to=lead.user, team=found, member=lead.pk)
