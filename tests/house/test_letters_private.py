"""A whole story, and every letter that comes of it: nothing private in any, and the gallery's letters are like the real ones."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from icalendar import Calendar

import learning.letters
import meetings.letters
import teams.letters
from config.demo_letters import all_previews
from core import clock, mail
from core.live import quiet
from core.mail import KINDS, Mail
from core.scope import everything, scope
from learning.management.cast import NAMES
from learning.roles import PointState
from learning.services import jottings, offers, points, read_back
from learning.services import summary as summaries
from learning.services.digest import first_morning
from learning.tasks import digests, summaries_that_wait
from meetings.models import ItemKind, Meeting
from meetings.roles import SeatKind
from meetings.services import agenda, notices, planning, running, seats
from meetings.tasks import role_cards
from teams.models import Letter
from teams.models.letter import LetterState
from teams.services.choices import stop_link
from teams.services.letters import post_letter
from teams.services.members import invite
from teams.services.sign_in import mail_code
from tests.cast import Cast, again, do, look
from tests.marks import ROWS

PRIVATE = {
    "jotted": "she was calmer at the kingfisher door",
    "jotted by whoever held it before": "the plover was late again",
    "offered": "Keep one dunnock of who answers the phone",
    "offered without a name": "Ask the wagtail first",
    "raised and taken back": "Say the fulmar early",
    "before it was put into better words": "Tell the siskin first",
    "left": "Leave the bittern for good",
    "on the agenda": "Wryneck rota",
}
NOT_REACHED = "Ask each service for its dotterel"  # raised at the close, by itself
AGREED = "Ring the day before a first goosander"
NOTICED = "We slowed down for the avocet"
OURS = {
    name for name, kind in KINDS.items() if not kind.compose.__module__.startswith("tests.")
}  # others' tests add some
LEFT = {"state": LetterState.SENT, "sent_at": clock.now()}


@dataclass
class Post:
    """Every letter that was composed, as it would leave."""

    found: list[tuple[Letter, Mail, bytes]] = field(default_factory=list)
    contexts: dict[str, set[frozenset[str]]] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)

    def open(self) -> None:
        """Compose what was posted since, each within its own team's rows, as the outbox does."""
        for letter in look(lambda: list(Letter.objects.select_related("user", "team").order_by("pk"))):
            if letter.pk in self.seen:
                continue
            self.seen.add(letter.pk)
            letter.address = letter.user.email if letter.user else letter.address
            said = self._said(letter)
            if said is not None:
                frozen = mail.build(said, to=letter.address, key=letter.key, moment=clock.now(), stop=stop_link(letter))
                self.found.append((letter, said, frozen))
                look(lambda pk=letter.pk: Letter.objects.filter(pk=pk).update(**LEFT))  # type: ignore[misc]

    @staticmethod
    def _said(letter: Letter) -> Mail | None:
        if letter.team_id is None:
            with everything("a letter of no team"):
                return KINDS[letter.kind].compose(letter)
        with scope(letter.team_id):
            return KINDS[letter.kind].compose(letter)

    def listen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Note what the composers hand to their templates."""
        real = mail.written

        def written(name: str, context: dict[str, Any], **more: Any) -> Mail:
            self.contexts.setdefault(name, set()).add(frozenset(context))
            return real(name, context, **more)

        for module in (teams.letters, meetings.letters, learning.letters):
            monkeypatch.setattr(module, "written", written)


@quiet()
def tell_the_story(cast: Cast, post: Post) -> None:
    """From an invitation to the second version of a summary; the post is opened again and again on the way."""
    with everything("a test"):
        mail_code(cast.ben.user, "482913")
        post_letter("drill", key="drill:1", to="drill-1@drill.invalid", team=None, number=1)
    do(invite, by=cast.mo, email="new@harbour.example")
    meeting = do(planning.plan_meeting, by=cast.mo, starts=clock.now() + timedelta(hours=30), place="Room 2")
    label = PRIVATE["on the agenda"]
    do(agenda.add_item, by=cast.kit, meeting=meeting.pk, kind=ItemKind.OTHER, minutes=5, label=label)
    do(seats.take_seat, by=cast.mo, meeting=meeting.pk, kind=SeatKind.LEARNING, member=cast.lin)
    post.open()
    _dates(cast, post, again(meeting))
    with clock.at(meeting.starts - timedelta(hours=2)):
        role_cards()
        post.open()
    _meeting(cast, post, again(meeting))


def _dates(cast: Cast, post: Post, meeting: Meeting) -> None:
    """Told after the two minutes that each letter waits for second thoughts."""
    plan: dict[str, Any] = {
        "minutes": 60,
        "place": "Room 4",
        "video": "",
        "starts": meeting.starts + timedelta(minutes=30),
    }
    deeds: list[Callable[[], object]] = [
        lambda: do(planning.change_plan, by=cast.mo, meeting=meeting.pk, **plan),
        lambda: do(planning.cancel, by=cast.mo, meeting=meeting.pk),
        lambda: do(planning.reinstate, by=cast.mo, meeting=meeting.pk),
    ]
    for number, deed in enumerate(deeds, start=1):
        with clock.at(clock.now() + timedelta(minutes=5 * number)):
            deed()
            post.open()
    with scope(cast.team.pk):
        notices.dates_changed(cast.team.pk, [again(meeting)], what="series", by=cast.mo)
    post.open()


def _meeting(cast: Cast, post: Post, meeting: Meeting) -> None:
    pk = meeting.pk
    with clock.at(meeting.starts):
        do(running.begin, by=cast.ada, meeting=pk)
        do(jottings.keep_jotting, by=cast.lin, meeting=pk, text=PRIVATE["jotted by whoever held it before"])
        do(seats.take_seat, by=cast.kit, meeting=pk, kind=SeatKind.LEARNING, member=cast.kit)
        do(jottings.keep_jotting, by=cast.kit, meeting=pk, text=PRIVATE["jotted"])
        do(offers.make_offer, by=cast.ben, meeting=pk, text=PRIVATE["offered"])
        do(offers.make_offer, by=cast.sol, meeting=pk, text=PRIVATE["offered without a name"], named=False)
        do(points.notice, by=cast.kit, meeting=pk, text=NOTICED)
        agreed = do(points.raise_point, by=cast.kit, meeting=pk, text=AGREED)
        left = do(points.raise_point, by=cast.kit, meeting=pk, text=PRIVATE["left"])
        back = do(points.raise_point, by=cast.kit, meeting=pk, text=PRIVATE["raised and taken back"])
        do(points.withdraw_point, by=cast.kit, meeting=pk, point=back.pk)
        rough = do(points.raise_point, by=cast.kit, meeting=pk, text=PRIVATE["before it was put into better words"])
        do(points.reword_waiting, by=cast.kit, meeting=pk, point=rough.pk, text=NOT_REACHED)
        do(read_back.start, by=cast.kit, meeting=pk, picked=[agreed.pk, left.pk])
        do(read_back.first_point, by=cast.kit, meeting=pk)
        do(read_back.settle, by=cast.sol, meeting=pk, point=agreed.pk, outcome=PointState.AGREED)
        do(read_back.settle, by=cast.sol, meeting=pk, point=left.pk, outcome=PointState.LEFT)
        do(running.close, by=cast.ada, meeting=pk)
        post.open()
    later = clock.now() + timedelta(days=9)
    with clock.at(later):
        summaries_that_wait()
        post.open()
    with clock.at(first_morning(later + timedelta(days=31), "Europe/London", "GB-ENG") + timedelta(minutes=1)):
        look(lambda: Meeting.objects.filter(pk=pk).update(closed_at=clock.now() - timedelta(days=6)))
        digests()
        post.open()
        do(summaries.send, by=cast.kit, meeting=pk)
        post.open()
        do(summaries.begin_again, by=cast.kit, meeting=pk)
        do(summaries.send, by=cast.kit, meeting=pk)
        post.open()


@pytest.fixture
def post(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Post:
    """The post of the whole story, which is told once for all who read it."""
    if not _told:
        cast, post = request.getfixturevalue("cast"), Post()
        post.listen(monkeypatch)
        tell_the_story(cast, post)
        _told.append(post)
    return _told[0]


_told: list[Post] = []


def said_in(letter: tuple[Letter, Mail, bytes]) -> str:
    """All that anybody could read of it: headers, bodies, files, decoded."""
    message = message_from_bytes(letter[2], policy=default)
    found = [f"{name}: {value}" for name, value in message.items()]
    for part in message.walk():
        found += [f"{name}: {value}" for name, value in part.items()]
        if not part.is_multipart():
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            text = content.decode()
            found += [text, text.replace("\r\n ", "").replace("\n ", "")]  # a calendar file folds its lines
    return "\n".join(found)


def bird_of(words: str) -> str:
    """The one word of these that nothing else says."""
    birds = "avocet bittern dotterel dunnock fulmar goosander kingfisher plover siskin wagtail Wryneck"
    (found,) = set(words.split()) & set(birds.split())
    return found


@ROWS
def test_no_letter_of_any_kind_holds_what_is_private(post: Post) -> None:
    assert {letter.kind for letter, _mail, _bytes in post.found} == OURS, "tell the story so that each kind leaves"
    for each in post.found:
        everywhere = said_in(each)
        assert [words for words in PRIVATE.values() if bird_of(words) in everywhere] == [], each[0].key


@ROWS
def test_what_was_raised_and_noticed_is_in_the_summary_alone(post: Post) -> None:
    for words in (AGREED, NOTICED, NOT_REACHED):
        kinds = {each[0].kind for each in post.found if bird_of(words) in said_in(each)}
        assert kinds == {"summary"}


@ROWS
def test_no_letter_names_another_reader(post: Post) -> None:
    addresses = {letter.address for letter, _mail, _bytes in post.found}
    assert len(addresses) > len(NAMES)
    for each in post.found:
        letter, _said, frozen = each
        everywhere, message = said_in(each), message_from_bytes(frozen, policy=default)
        assert [address for address in addresses - {letter.address} if address in everywhere] == []
        assert str(message["To"]) == letter.address
        assert bool(message["List-Unsubscribe"]) != letter.essential


@ROWS
def test_subjects_are_made_of_the_team_and_the_date(post: Post) -> None:
    people = {*NAMES, *(name.split()[0] for name in NAMES)}
    for letter, said, _bytes in post.found:
        if letter.kind == "invitation":
            assert said.subject == "Mo Haddad invites you to join Harbour Street outreach"
            continue
        assert [name for name in people if re.search(rf"\b{name}\b", said.subject)] == [], letter.key
        assert letter.team_id is None or said.subject.startswith("Harbour Street outreach: ")
        assert "482913" not in said.subject


@ROWS
def test_the_gallery_shows_each_kind_with_what_its_composer_really_says(post: Post) -> None:
    previews = all_previews()
    assert {preview.kind for preview in previews.values()} == OURS
    shown: dict[str, set[frozenset[str]]] = {}
    for preview in previews.values():
        shown.setdefault(preview.template, set()).add(frozenset(preview.context))
    assert shown == post.contexts
    # … and carries a calendar file of the same method.
    methods = {letter.kind: said.calendar.method if said.calendar else "" for letter, said, _bytes in post.found}
    assert {preview.kind: preview.method for preview in previews.values()} == methods


@pytest.mark.parametrize("name", [name for name, preview in all_previews().items() if preview.kind == "dates"])
def test_the_file_of_a_preview_holds_the_dates_of_its_letter(name: str) -> None:
    preview = all_previews()[name]
    assert preview.mail.calendar is not None
    told = {"CONFIRMED": set[str](), "CANCELLED": set[str]()}
    for entry in Calendar.from_ical(preview.mail.calendar.content).walk("VEVENT"):
        begins, ends = entry.decoded("DTSTART"), entry.decoded("DTEND")
        told[str(entry["STATUS"])].add(f"{begins:%A %-d %B, %H:%M} to {ends:%H:%M}")
    for status, listed, more in (("CONFIRMED", "on", "more_on"), ("CANCELLED", "off", "more_off")):
        said = {f"{each['day']}, {each['begins']} to {each['ends']}" for each in preview.context[listed]}
        assert said <= told[status]
        assert len(told[status]) == len(said) + preview.context[more]


@pytest.mark.parametrize(
    "branch",
    [
        "A different view: “",
        "Not yet agreed.",
        "Two views.",
        "Parked for later.",
        "Not reached that day.",
        "No learning point today.",
        "No point came of this meeting.",
        "Noticed:",
        "noticed:",
        "It replaces the one sent on",
    ],
)
def test_a_summary_that_says_this_is_among_the_previews(branch: str) -> None:
    assert any(branch in preview.mail.text for preview in all_previews().values() if preview.kind == "summary")


# --- subjects, and what a phone shows beside them ---


def on_a_locked_screen(said: Mail) -> str:
    """The sender, the subject, and what mail programs show beside it: the first letters of the HTML."""
    body = said.html.split("<body", 1)[1].split(">", 1)[1]
    begins = (
        re.sub(r"<[^>]+>", "", body)
        .replace("&nbsp;", "\N{NO-BREAK SPACE}")
        .replace("&zwnj;", "\N{ZERO WIDTH NON-JOINER}")
    )
    return f"{said.sender_name}\n{said.subject}\n{begins.lstrip()[:140]}"


@pytest.mark.parametrize("name", all_previews())
def test_a_locked_screen_shows_nothing_private(name: str) -> None:
    preview = all_previews()[name]
    shown = on_a_locked_screen(preview.mail)
    inviter = {"invitation": "Mo Haddad"}.get(preview.kind, "")
    sender = "Lin Chen" if preview.kind == "summary" else ""  # From: who sends it
    before = shown.replace(inviter, "").replace(f"{sender}, by Keeping in Mind", "")
    holder = "Lin kept our learning in mind."  # the summary: what the whole team saw on the wall
    before = before.replace(holder, "")
    for person in ("Lin", "Mo", "Ben", "Rosa", "Nia", "Sol", "Ada"):
        assert not re.search(rf"\b{person}\b", before), shown
    private = "482913 visit services worries slowed Thank Case Room"
    assert [word for word in private.split() if word in shown] == []


# --- every letter reads well alone ---


@pytest.mark.parametrize("name", all_previews())
def test_a_letter_reads_well_alone(name: str) -> None:
    preview = all_previews()[name]
    said = preview.mail
    assert "\n\n\n" not in said.text
    body, _sign, foot = said.text.partition("\n-- \n")
    assert body.strip()
    assert foot.strip(), "why you get it stands at the foot"
    for line in said.text.splitlines():
        assert "http" not in line or line.strip().startswith("http"), "links stand on their own line"
        assert "  " not in line.lstrip()
    for leftover in ("{{", "{%", "TLSW", "&#x27;", "&amp;"):
        assert leftover not in said.text
    if KINDS[preview.kind].essential:
        assert str(KINDS[preview.kind].why) in said.text
        assert "It can’t be turned off: " in said.text
        assert "stop these" not in said.html
    else:
        assert "Choose your mail:\n" in said.text
        assert "Stop these:\n" in said.text
        assert "stop these</a>" in said.html


@pytest.mark.parametrize("name", all_previews())
def test_a_letter_is_made_for_every_mail_program(name: str) -> None:
    html = all_previews()[name].mail.html
    assert html.startswith('<!DOCTYPE html><html lang="en-gb"')
    assert re.search(r"<title>[^<]+</title>", html)
    assert '<meta name="color-scheme" content="light dark">' in html
    assert html.count("<style") == 1  # for the dark and for phones; all else is inline
    assert "@media (prefers-color-scheme: dark)" in html
    assert "<img" not in html
    assert "<script" not in html
    assert "<link" not in html
    assert not re.search(r"<(table|td|p|h1|h2|a)\b(?![^>]*\bstyle=)[^>]*\bclass=", html), "a class that has no style"
    assert all('role="presentation"' in table for table in re.findall(r"<table\b[^>]*>", html))
    assert html.count("<!--[if mso]>") == 3
    assert len(html) < 100_000  # Gmail cuts what is longer


@ROWS
def test_every_letter_stands_in_the_gallery(client: Any, settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.house.with_demo"
    page = client.get("/components/").content.decode()
    for name, preview in all_previews().items():
        assert f'id="letter-{name}"' in page
        assert f"/components/letters/{name}.html" in page
        assert (f"/components/letters/{name}.ics" in page) == bool(preview.method)
    shown = client.get("/components/letters/card-tomorrow.html")
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert "script-src" not in shown.headers["Content-Security-Policy"]
    file = client.get("/components/letters/changed-another-day.ics")
    assert file.headers["Content-Type"] == "text/calendar; charset=utf-8; method=REQUEST"
    assert file.content.startswith(b"BEGIN:VCALENDAR\r\n")
    assert client.get("/components/letters/no-such-letter.html").status_code == 404
    assert client.get("/components/letters/code-asked.ics").status_code == 404
