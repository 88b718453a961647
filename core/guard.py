"""The confidentiality guard: finds what would tell a reader who somebody is, before the words are stored.

It knows the certain kinds only, and proves nothing: a text it calls clean may still point at somebody.
That is why a second person reads a point. Services call `check` on every text that others will read;
private jottings are not stopped, only marked (`find`).

How it reads: the text is first *folded* (digits of every script made 0 to 9, invisible characters dropped,
every space and dash made plain), with a way back to the offsets of the text as it came. Every search is
anchored and bounded, so that time grows in step with the length of the text.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import Invalid


class Kind(StrEnum):
    """What was found; the values are the outside contract (`docs/contracts.md`)."""

    NHS_NUMBER = "nhs-number"
    PHONE = "phone"
    EMAIL = "email"
    POSTCODE = "postcode"
    BIRTH_DATE = "birth-date"
    # The soft kinds. Nothing finds them yet.
    AGE = "age"
    DATE = "date"
    NAME = "name"
    INITIALS = "initials"
    PLACE = "place"


class Done(StrEnum):
    """What the writer was about to do with the words: the sentence says that it can't be done."""

    SAVED = "saved"
    KEPT = "kept"
    RAISED = "raised"
    OFFERED = "offered"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class Found:
    """One find. `start` and `end` count code points of the text as it came, half open.

    `hard` finds stop the words; others only ask for a second look. `sure` says that the find
    proves itself (an NHS number whose check digit holds), so that the sentence may say so.
    """

    kind: Kind
    start: int
    end: int
    hard: bool = True
    sure: bool = True


def find(text: str) -> list[Found]:
    """Everything in `text` that identifies somebody, in order, without overlaps."""
    folded = _fold(text)
    plain = folded.text
    spans: list[_Span] = [*_emails(plain), *_postcodes(plain)]
    spans += _birth_dates(plain)
    spans += _numbers(_without(plain, spans))
    spans.sort(key=lambda span: (span.start, -span.end))
    found: list[Found] = []
    reached = 0
    for span in spans:
        if span.start >= reached:
            found.append(Found(span.kind, folded.origin(span.start), folded.origin(span.end - 1) + 1, True, span.sure))
            reached = span.end
    return found


class Identifying(Invalid):
    """Something identifies a person in `field`: a hard stop, the words stay."""

    def __init__(self, field: str, found: Sequence[Found], sentence: str) -> None:
        super().__init__(field, sentence)
        self.found = tuple(found)


def check(done: Done = Done.SAVED, /, **fields: str) -> None:
    """The one place where services ask the guard: `guard.check(guard.Done.RAISED, text=text)`.

    Raises `Identifying` for the first field with a hard find; its sentence is for people.
    """
    for field, text in fields.items():
        hard = [found for found in find(text) if found.hard]
        if hard:
            raise Identifying(field, hard, explain(hard[0], done))


def explain(found: Found, done: Done = Done.SAVED) -> str:
    """A sentence for the writer. It never repeats what was found, so it may stand in a notice or a log."""
    this = _UNSURE[found.kind] if not found.sure and found.kind in _UNSURE else _THIS[found.kind]
    return f"{str(_SO[done]) % {'this': this}} {_('Take it out and go on. Your other words stay.')}"


_THIS: Final[Mapping[Kind, Promise]] = {
    Kind.NHS_NUMBER: gettext_lazy("This looks like an NHS number"),
    Kind.PHONE: gettext_lazy("This looks like a phone number"),
    Kind.EMAIL: gettext_lazy("This looks like an e-mail address"),
    Kind.POSTCODE: gettext_lazy("This looks like a full postcode"),
    Kind.BIRTH_DATE: gettext_lazy("This looks like a date of birth"),
}
_UNSURE: Final[Mapping[Kind, Promise]] = {
    Kind.NHS_NUMBER: gettext_lazy("These ten digits could be an NHS number"),
}
_SO: Final[Mapping[Done, Promise]] = {
    Done.SAVED: gettext_lazy("%(this)s, so it can’t be saved."),
    Done.KEPT: gettext_lazy("%(this)s, so it can’t be kept."),
    Done.RAISED: gettext_lazy("%(this)s, so it can’t be raised."),
    Done.OFFERED: gettext_lazy("%(this)s, so it can’t be offered."),
    Done.SENT: gettext_lazy("%(this)s, so it can’t be sent."),
}


class _Span(NamedTuple):
    """A find in the folded text."""

    kind: Kind
    start: int
    end: int
    sure: bool


# --- Folding -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Folded:
    text: str
    origins: Sequence[int] | None  # for each folded character, the place it came from; None: the same place

    def origin(self, at: int) -> int:
        return at if self.origins is None else self.origins[at]


_CONTROLS: Final = dict.fromkeys((*range(0x20), 0x7F), " ")
_FULL_STOPS: Final = "\u3002\u2024\u06d4"  # ideographic, one dot leader, Arabic
_DASHES: Final = "\u2212\u2043\u02d7"  # minus, hyphen bullet, modifier minus
_BLANKS: Final = "\u115f\u1160\u3164\uffa0\u2800\u180e"  # letters and marks that show nothing
_BLANK: Final = "\x00"  # stands for characters that a search must not see; folding never yields it


def _fold(text: str) -> _Folded:
    if text.isascii():
        return _Folded(text.translate(_CONTROLS), None)
    letters: list[str] = []
    origins: list[int] = []
    for at, char in enumerate(text):
        plain = _fold_char(char)
        letters.append(plain)
        origins.extend([at] * len(plain))
    return _Folded("".join(letters), origins)


def _fold_char(char: str) -> str:
    if char.isascii():
        return " " if char < " " or char == "\x7f" else char
    if char in _BLANKS:
        return ""
    category = unicodedata.category(char)
    if category in ("Cf", "Mn", "Me"):  # zero-width, direction marks, soft hyphen, accents, keycaps
        return ""
    if category in ("Zs", "Zl", "Zp", "Cc"):
        return " "
    if category == "Pd" or char in _DASHES:
        return "-"
    if char in _FULL_STOPS:
        return "."
    digit = unicodedata.digit(char, None)
    if digit is not None:
        return str(digit)
    plain = unicodedata.normalize("NFKC", char)
    return "." if plain in _FULL_STOPS else "".join(" " if c.isspace() else c for c in plain)


def _without(text: str, spans: Sequence[_Span]) -> str:
    """The text with the spans made invisible, every other character in its place."""
    pieces: list[str] = []
    reached = 0
    for span in sorted(spans, key=lambda span: span.start):
        start = max(span.start, reached)
        if span.end > start:
            pieces += text[reached:start], _BLANK * (span.end - start)
            reached = span.end
    pieces.append(text[reached:])
    return "".join(pieces)


# --- E-mail ------------------------------------------------------------------------------------------------

_AT: Final = re.compile(r"@|[\[({<] {0,3}at {0,3}[\])}>]", re.IGNORECASE)
_LOCAL_END: Final = re.compile(r"[\w.!#$%&'*+/=?^`{|}~\"-]{1,64}\Z")
_LABEL: Final = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_TIGHT_HOST: Final = re.compile(
    rf"\[?(?:\d{{1,3}}(?:\.\d{{1,3}}){{3}}|{_LABEL}(?:\.{_LABEL}){{0,8}}\.[^\W\d_]{{2,24}})\b\]?"
)
_DOT: Final = r"(?: {0,3}\. {0,3}| {0,3}[\[({<] {0,3}dot {0,3}[\])}>] {0,3}| {1,3}dot {1,3})"
_TOP: Final = (
    r"(?:[^\W\d_]{2}|com|org|net|edu|gov|nhs|info|biz|int|mil|name|pro|app|dev|care|health|email|mail|cloud|online"
    r"|site|invalid|example|test|local|internal|team|school|scot|wales|cymru|london)\b"
    rf"(?:{_DOT}(?:uk|com|org|net|gov|au|nz|ie|za)\b)?"
)
_LOOSE_HOST: Final = re.compile(rf"{_LABEL}(?:{_DOT}{_LABEL}){{0,4}}?{_DOT}{_TOP}", re.IGNORECASE)
_SPOKEN: Final = re.compile(
    rf"(?<!\w)[^\W_][\w.+-]{{0,63}} {{1,3}}at {{1,3}}{_LABEL}"
    rf"(?: {{1,3}}dot {{1,3}}{_LABEL}){{0,4}}? {{1,3}}dot {{1,3}}{_TOP}",
    re.IGNORECASE,
)


def _emails(text: str) -> Iterator[_Span]:
    for at in _AT.finditer(text):
        before = text[max(0, at.start() - 70) : at.start()]
        bare = before.rstrip(" ")
        local = _LOCAL_END.search(bare) if len(before) - len(bare) <= 4 else None
        if local is None or not any(c.isalnum() for c in local.group()):
            continue
        start = at.start() - len(before) + local.start()
        after = at.end()
        while after < len(text) and after - at.end() < 4 and text[after] == " ":
            after += 1
        tight = after == at.end() and len(before) == len(bare) and at.group() == "@"
        host = (_TIGHT_HOST.match(text, after) if tight else None) or _LOOSE_HOST.match(text, after)
        if host is not None:
            yield _Span(Kind.EMAIL, start, host.end(), True)
    for hit in re.finditer(r" at ", text, re.IGNORECASE):
        if " dot " not in text[hit.end() : hit.end() + 80].lower():
            continue
        start = text.rfind(" ", 0, hit.start()) + 1
        spoken = _SPOKEN.match(text, start) if hit.start() - start <= 64 else None
        if spoken is not None:
            yield _Span(Kind.EMAIL, start, spoken.end(), True)


# --- Postcode ----------------------------------------------------------------------------------------------

_POSTCODE_AREAS: Final = (
    "AB AL B BA BB BD BF BH BL BN BR BS BT BX CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX "
    "FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN "
    "NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB "
    "W WA WC WD WF WN WR WS WV YO ZE"
)  # Royal Mail's
_AREAS: Final = frozenset(_POSTCODE_AREAS.split())
_JOIN: Final = r"[ .\-_/,]{0,4}"
_POSTCODE: Final = re.compile(
    rf"(?<![^\W_])(?P<area>[A-Z]{{1,2}})(?P<district>\d{{1,2}}|\d[A-Z])(?P<join>{_JOIN})"
    r"(?P<unit>\d[ABD-HJLNP-UW-Z]{2})(?![^\W_])",
    re.IGNORECASE,
)
_SPREAD: Final = (
    re.compile(  # "SW 1A 1AA", "S W 1 A 1 A A": capitals only, for words and numbers look like it otherwise
        rf"(?<![^\W_])(?P<area>[A-Z](?: ?[A-Z])?) ?(?P<district>\d ?\d|\d ?[A-Z]|\d)(?P<join>{_JOIN})"
        r"(?P<unit>\d ?[ABD-HJLNP-UW-Z] ?[ABD-HJLNP-UW-Z])(?![^\W_])"
    )
)
_GIRO: Final = re.compile(rf"(?<![^\W_])GIR{_JOIN}0AA(?![^\W_])", re.IGNORECASE)
_ORDINAL: Final = re.compile(r"(?:1st|2nd|3rd|[04-9]th)\Z")
_MEASURE: Final = re.compile(r"\d(?:hr|yr|ft|lb|gb)\Z")
_NUMBERED: Final = re.compile(
    r"\b(?:room|ward|bay|flat|block|unit|floor|item|case|step|band|level|grade|zone|desk|bed|gate|plan|tier|module) \Z",
    re.IGNORECASE,
)


def _postcodes(text: str) -> Iterator[_Span]:
    for hit in _GIRO.finditer(text):
        yield _Span(Kind.POSTCODE, hit.start(), hit.end(), True)
    for pattern in (_POSTCODE, _SPREAD):
        for hit in pattern.finditer(text):
            if hit["area"].replace(" ", "").upper() in _AREAS and not _is_ordinal(text, hit):
                yield _Span(Kind.POSTCODE, hit.start(), hit.end(), True)


def _is_ordinal(text: str, hit: re.Match[str]) -> bool:
    """ "Room B2 3rd floor" and "the M25 2hr queue" have the shape of a postcode and are none."""
    if not hit["join"]:
        return False
    capital = hit["area"].isupper()
    if _ORDINAL.match(hit["unit"]):
        return capital or _NUMBERED.search(text, max(0, hit.start() - 12), hit.start()) is not None
    return capital and _MEASURE.match(hit["unit"]) is not None


# --- Date of birth -----------------------------------------------------------------------------------------

_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_YEAR: Final = r"(?:(?:19|20)\d\d|['’]? {0,2}\d\d)(?!\d)"
_GAP: Final = r"[ ,.\-/]{0,4}"
_DAY: Final = r"(?P<{0}>\d{{1,2}})(?: {{0,2}}(?:st|nd|rd|th)\b)?"
_A_DATE: Final = re.compile(
    r"(?<![\d£$€])(?:"
    rf"(?P<iso>(?:19|20)\d\d {{0,2}}[-./ ] {{0,2}}\d{{1,2}} {{0,2}}[-./ ] {{0,2}}\d{{1,2}}(?!\d))"
    rf"|(?P<d>\d{{1,2}}) {{0,2}}[-./ ] {{0,2}}(?P<m>\d{{1,2}}) {{0,2}}[-./ ] {{0,2}}{_YEAR}"
    rf"|{_DAY.format('dm')}(?: {{1,3}}(?:day )?of\b)?{_GAP}{_MONTH}(?:{_GAP}{_YEAR})?"
    rf"|(?<![^\W\d_]){_MONTH} {{0,3}}(?:the {{1,3}})?{_DAY.format('md')}(?!\d)(?:{_GAP}{_YEAR})?"
    rf"|(?<![^\W\d_])(?P<my>{_MONTH}{_GAP}(?:of {{0,3}})?(?:(?:19|20)\d\d|['’]\d\d)(?!\d))"
    r"|(?P<run>\d{8}|\d{6})(?!\d)"
    r")",
    re.IGNORECASE,
)
_BIRTH: Final = re.compile(
    r"(?<![^\W_])(?:born|d ?[./]? ?o ?[./]? ?b|(?:date|day) of birth|birth ?-?(?:date|day)|b['’]?-?day|b\.(?= ?[\d(])"
    r"|(?P<weak>birth)(?! ?-?(?:plan|partner|mother|father|parent|famil|certificate|weight|trauma|centre|center|rate|order|regist"
    r"|control|story|stories|right|pool|unit|mark|place|control|preparation|team|reflection)))(?![^\W\d_])",
    re.IGNORECASE,
)
_NOT_OF_BIRTH: Final = re.compile(
    r"\b(?:by|until|till|before|after|since|between|review\w*|meeting\w*|due|audit\w*|training|next|deadline|moved|plan\w*"
    r"|policy|form|forms|visit\w*|appointment\w*|booked|discuss\w*|agreed|starting|starts)\b|[!?;]|\.(?= +[^\W_])|\x00",
    re.IGNORECASE,
)
_LINK: Final = re.compile(  # "3 May 2011 is her birthday", "3 May 2011, she was born"
    r"[ ,:(=\-]{0,4}(?:(?:(?i:is|was|were|that|which|s?he|they|who|his|hers?|their|my|the|a|as|when|child|client|baby|day|given"
    r"|recorded)|[^\W\d_]+(?=['’]s | (?:is|was) )|['’]s)[ ,:(=\-]{0,4}){0,6}\Z"
)
_NOT_ON: Final = re.compile(r"\b(?:by|until|till|before|after|since|from|to)(?: the)? \Z", re.IGNORECASE)
_AHEAD: Final = 45
_BEHIND: Final = 30


def _birth_dates(text: str) -> Iterator[_Span]:
    reached = 0
    for word in _BIRTH.finditer(text):
        date = _first_date(text, word.end())
        if date is None and not word["weak"]:
            date = _last_date(text, max(reached, word.start() - _BEHIND - 40), word.start())
        if date is not None and date[0] >= reached:
            yield _Span(Kind.BIRTH_DATE, date[0], date[1], True)
            reached = date[1]


def _first_date(text: str, after: int) -> tuple[int, int] | None:
    for hit in _A_DATE.finditer(text, after, min(len(text), after + _AHEAD + 40)):
        gap = text[after : hit.start()]
        if len(gap) > _AHEAD or _NOT_OF_BIRTH.search(gap.lstrip(". ")):
            return None
        if hit["run"] and len(gap) > 15:
            continue
        if _is_date(hit):
            return hit.span()
    return None


def _last_date(text: str, start: int, before: int) -> tuple[int, int] | None:
    found: tuple[int, int] | None = None
    for hit in _A_DATE.finditer(text, start, before):
        gap = text[hit.end() : before]
        by = _NOT_ON.search(text, max(0, hit.start() - 12), hit.start())
        if _is_date(hit) and not hit["run"] and len(gap) <= _BEHIND and not by and _LINK.match(gap):
            found = hit.span()
    return found


def _is_date(hit: re.Match[str]) -> bool:
    """Whether day and month can be a day and a month, in either order."""
    if hit["iso"]:
        _year, month, day = (int(part) for part in re.findall(r"\d+", hit["iso"]))
        return _day_and_month(day, month)
    if hit["run"]:
        run = hit["run"]
        if len(run) == 8 and run[:2] in ("19", "20") and _day_and_month(int(run[6:]), int(run[4:6])):
            return True
        return _day_and_month(int(run[:2]), int(run[2:4])) and (len(run) == 6 or run[4:6] in ("19", "20"))
    if hit["d"]:
        return _day_and_month(int(hit["d"]), int(hit["m"]))
    day_of = hit["dm"] or hit["md"]
    return hit["my"] is not None or (day_of is not None and 1 <= int(day_of) <= 31)


def _day_and_month(day: int, month: int) -> bool:
    return (1 <= day <= 31 and 1 <= month <= 12) or (1 <= month <= 31 and 1 <= day <= 12)


# --- Numbers: NHS number and phone -------------------------------------------------------------------------

_NARROW: Final = r" .\-_"  # what people put inside one number
_MIDDLE: Final = rf"{_NARROW}/|()\[\]"  # what may stand there too
_WIDE: Final = rf"{_MIDDLE},:;*~'\\·•"  # what stands between two numbers as often
_RUN: Final = re.compile(rf"\d(?:[{_WIDE}]{{0,12}}\d)*")
_GROUP: Final = re.compile(r"\d+")
_ONLY_NARROW: Final = re.compile(rf"[{_NARROW}]*\Z")
_ONLY_WIDE: Final = re.compile(rf"[{_WIDE}]*\Z")
_GAPS: Final = (_ONLY_NARROW, re.compile(rf"[{_MIDDLE}]*\Z"), _ONLY_WIDE)  # the closest first
_YEARLIKE: Final = re.compile(r"(?:19|20)\d\d\Z")
_HARMLESS: Final = re.compile(
    r"(?<![\d:])(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?![\d:])"  # 10:45
    r"|(?<![\d/])(?:(?:0?[1-9]|[12]\d|3[01])/(?:0?[1-9]|1[0-2]))(?![\d/])"  # 22/09, 24/7
    r"|(?<!\d)(?<!\d[./-])(?:\d{1,2}([./-])\d{1,2}\1(?:19|20)\d\d|(?:19|20)\d\d([./-])\d{1,2}\2\d{1,2})(?!\d|[./-]\d)"
    r"|(?<!\d)(?<!\d[./-])(?:0?[1-9]|[12]\d|3[01])([./])(?:0?[1-9]|1[0-2])\3\d\d"
    r" [ ,-]{0,3}(?:[01]?\d|2[0-3])\.[0-5]\d(?!\d|\.\d)"  # 22.09.26 10.45
    r"|[£$€] ?\d{1,3}(?:,\d{3})+(?:\.\d\d)?(?!\d)"  # £1,250,000
    r"|[£$€] ?\d{1,7}(?:\.\d\d)?(?!\d|[ .-]?\d)"  # £12.50
)
_EXTENSION: Final = re.compile(r"[ ,;.(]{0,4}(?:extension|extn|ext|x|#) ?[.:]? {0,2}\d{1,6}(?!\d)", re.IGNORECASE)
_TELEPHONE: Final = re.compile(
    r"\b(?:tel|telephone|phone|mobile|mob|fax|whatsapp|landline)(?: (?:number|no|num|is))?[ .:(]{1,4}\Z", re.IGNORECASE
)
_MAY_BE_PHONE: Final = re.compile(r"0[1235789]|0?0?440?[1235789]")
_LONGEST_PHONE: Final = 15  # ITU-T E.164


class _Group(NamedTuple):
    digits: str
    start: int
    end: int


def _numbers(text: str) -> Iterator[_Span]:
    """Phones first, since the ten digits after +44 are no NHS number; what stands close together before what is far."""
    text = _HARMLESS.sub(lambda hit: _BLANK * len(hit.group()), text)
    for run in _RUN.finditer(text):
        groups = [_Group(g.group(), g.start(), g.end()) for g in _GROUP.finditer(text, run.start(), run.end())]
        for look_in in (_phones, _nhs_numbers):
            for gap in _GAPS:
                left: list[_Group] = []
                for stretch in _stretches(text, groups, gap):
                    spans = list(look_in(text, stretch, loose=gap is _ONLY_WIDE))
                    yield from spans
                    left += _outside(stretch, spans)
                groups = left


def _stretches(text: str, groups: Sequence[_Group], gap: re.Pattern[str]) -> Iterator[list[_Group]]:
    """Groups with nothing but `gap` between them."""
    stretch: list[_Group] = []
    for group in groups:
        if stretch and not gap.match(text, stretch[-1].end, group.start):
            yield stretch
            stretch = []
        stretch.append(group)
    if stretch:
        yield stretch


def _outside(groups: Sequence[_Group], spans: Sequence[_Span]) -> Iterator[_Group]:
    ahead = iter(spans)
    span = next(ahead, None)
    for group in groups:
        while span is not None and span.end <= group.start:
            span = next(ahead, None)
        if span is None or group.end <= span.start:
            yield group


def _phones(text: str, groups: Sequence[_Group], *, loose: bool) -> Iterator[_Span]:
    at = 0
    while at < len(groups):
        span = _phone(text, groups, at, loose=loose)
        at += 1
        if span is not None:
            yield span
            while at < len(groups) and groups[at].start < span.end:
                at += 1


def _phone(text: str, groups: Sequence[_Group], at: int, *, loose: bool) -> _Span | None:
    """The phone number that begins with the group `at`, if one does."""
    first = groups[at]
    plus = text[max(0, first.start - 3) : first.start].rstrip(" (").endswith("+")
    named = at == 0 and _TELEPHONE.search(text, max(0, first.start - 24), first.start) is not None
    if not plus and not named and not _MAY_BE_PHONE.match("".join(group.digits for group in groups[at : at + 6])):
        return None
    digits = ""
    best = 0
    for count, group in enumerate(groups[at : at + _LONGEST_PHONE + 2], 1):
        digits += group.digits
        if len(digits) > _LONGEST_PHONE + 2:
            break
        whole = at == 0 and count == len(groups)
        sizes = {len(g.digits) for g in groups[at : at + count]}
        shaped = max(sizes) >= 3 or sizes == {1} or (whole and not loose) or (plus and digits.startswith("44"))
        shaped = shaped and (not loose or plus or (count <= 4 and len(first.digits) >= 3))
        if shaped and _is_phone(digits, plus=plus, whole=whole or count == 1):
            best = count
            if len(_national(digits)) == 10:
                break
    if not best and named and not plus:
        digits = "".join(group.digits for group in groups[:10])
        if 7 <= len(digits) <= 9 and digits != "08001111":  # a children's helpline, known to everybody
            best = len(groups)
    if not best:
        return None
    end = groups[at + best - 1].end
    extension = _EXTENSION.match(text, end)
    start = text.rindex("+", 0, first.start) if plus else first.start
    return _Span(Kind.PHONE, start, extension.end() if extension else end, True)


def _national(digits: str) -> str:
    """What follows the country code or the leading 0 of a UK number; empty if it is none."""
    for prefix in ("0044", "44", "0"):
        if digits.startswith(prefix):
            rest = digits[len(prefix) :]
            return rest.removeprefix("0") if prefix != "0" else rest
    return ""


def _is_phone(digits: str, *, plus: bool, whole: bool) -> bool:
    """Ofcom, National Telephone Numbering Plan: after the 0 ten digits (a few have nine), the first not 0, 4 or 6."""
    national = _national(digits)
    if plus and not digits.startswith("44"):
        return whole and 9 <= len(digits) <= _LONGEST_PHONE and digits[0] != "0"
    if not national or national[0] in "046":
        return False
    if plus or digits.startswith("0044"):
        return len(national) in (9, 10)
    if digits.startswith("0"):
        return len(national) == 10
    return whole and len(national) == 10


def _nhs_numbers(text: str, groups: Sequence[_Group], *, loose: bool) -> Iterator[_Span]:
    """Any ten digits that stand together, however spaced: NHS Data Dictionary, "NHS number"."""
    if sum(len(group.digits) for group in groups) == 10:
        if _ten(text, groups, whole=not loose):
            yield _ten_span(groups)
        return
    at = 0
    while at < len(groups):
        taken = 0
        total = 0
        for count, group in enumerate(groups[at : at + 10], 1):
            total += len(group.digits)
            if total >= 10:
                if total == 10 and _ten(text, groups[at : at + count], whole=False):
                    taken = count
                break
        if taken:
            yield _ten_span(groups[at : at + taken])
        at += taken or 1


def _ten_span(groups: Sequence[_Group]) -> _Span:
    return _Span(Kind.NHS_NUMBER, groups[0].start, groups[-1].end, mod_11("".join(group.digits for group in groups)))


def _ten(text: str, groups: Sequence[_Group], *, whole: bool) -> bool:
    """Whether ten digits are one number, and not a list of small ones (minutes, counts, years)."""
    sizes = [len(group.digits) for group in groups]
    if sizes in ([10], [3, 3, 4]):
        return True
    years = sum(1 for group in groups if _YEARLIKE.match(group.digits))
    valid = mod_11("".join(group.digits for group in groups))
    between = {text[a.end : b.start] for a, b in pairwise(groups)}
    if not whole:
        return valid and not years and len(between) == 1 and (len(groups) <= 4 or set(sizes) == {1})
    if valid:
        return True
    if years >= 2:
        return False
    return len(groups) <= 3 or set(sizes) == {1} or all(map(_ONLY_NARROW.match, between)) or between == {"/"}


def mod_11(digits: str) -> bool:
    """Whether the last of ten digits is the NHS number's check digit (NHS Data Dictionary, "NHS number")."""
    remainder = 11 - sum(int(digit) * weight for digit, weight in zip(digits[:9], range(10, 1, -1), strict=True)) % 11
    return remainder % 11 == int(digits[9]) and remainder != 10
