"""The guard finds what identifies somebody, however it is spaced, and leaves ordinary words alone."""

import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from core import guard
from core.guard import Done, Found, Identifying, Kind, explain, find, mod_11

NHS, PHONE, EMAIL, POSTCODE, BIRTH = Kind.NHS_NUMBER, Kind.PHONE, Kind.EMAIL, Kind.POSTCODE, Kind.BIRTH_DATE

# Every number here is of a range that is given to nobody: NHS numbers of the test range 999, Ofcom's numbers for
# drama, example domains, Royal Mail's own example postcodes. ⟦ ⟧ mark what is to be found; no mark is part of a text.
CASES: list[tuple[Kind, str]] = [
    # NHS number: the check digit holds
    (NHS, "Ring the day before, see ⟦999 000 0018⟧"),
    (NHS, "⟦9990000018⟧"),
    (NHS, "NHS no. ⟦999-000-0018⟧."),
    (NHS, "NHS:⟦999.000.0018⟧"),
    (NHS, "NHS⟦9990000018⟧"),
    (NHS, "(⟦999 000 0018⟧)"),
    (NHS, "⟦999_000_0018⟧"),
    (NHS, "⟦999 - 000 - 0018⟧"),
    (NHS, "⟦999  000   0018⟧"),
    (NHS, "⟦999\n000\n0018⟧"),
    (NHS, "⟦999\t000\t0018⟧"),
    (NHS, "⟦999\r\n000\r\n0018⟧"),
    (NHS, "⟦99 90 00 00 18⟧"),
    (NHS, "⟦9 9 9 0 0 0 0 0 1 8⟧"),
    (NHS, "⟦9-9-9-0-0-0-0-0-1-8⟧"),
    (NHS, "⟦9.9.9.0.0.0.0.0.1.8⟧"),
    (NHS, "⟦99900 00018⟧"),
    (NHS, "⟦9990 000 018⟧"),
    (NHS, "⟦999/000/0018⟧"),
    (NHS, "⟦999,000,0018⟧"),
    (NHS, "⟦999:000:0018⟧"),
    (NHS, "⟦999) (000) (0018⟧"),
    (NHS, "⟦999|000|0018⟧"),
    (NHS, "⟦999·000·0018⟧"),
    (NHS, "⟦999–000–0018⟧"),
    (NHS, "⟦999—000—0018⟧"),
    (NHS, "⟦999\u2011000\u20110018⟧"),
    (NHS, "⟦999\u2212000\u22120018⟧"),
    (NHS, "⟦999\u00a0000\u00a00018⟧"),
    (NHS, "⟦999\u2009000\u202f0018⟧"),
    (NHS, "⟦999\u3000000\u30000018⟧"),
    (NHS, "⟦999\u2028000\u20290018⟧"),
    (NHS, "⟦9\u200b9\u200b9\u200b0\u200b0\u200b0\u200b0\u200b0\u200b1\u200b8⟧"),
    (NHS, "⟦999\u200c000\u200d0018⟧"),
    (NHS, "⟦999\u2060000\ufeff0018⟧"),
    (NHS, "⟦999\u00ad000\u00ad0018⟧"),
    (NHS, "\u202e⟦999 000 0018⟧\u202c"),
    (NHS, "⟦99\ufe0f9\u034f000\u180e0018⟧"),
    (NHS, "⟦999\u2800000\u31640018⟧"),
    (NHS, "⟦９９９ ０００ ００１８⟧"),
    (NHS, "⟦９９９０００００１８⟧"),
    (NHS, "⟦９99-０00-００１8⟧"),
    (NHS, "⟦٩٩٩ ٠٠٠ ٠٠١٨⟧"),
    (NHS, "⟦۹۹۹ ۰۰۰ ۰۰۱۸⟧"),
    (NHS, "⟦९९९ ००० ००१८⟧"),
    (NHS, "⟦৯৯৯ ০০০ ০০১৮⟧"),
    (NHS, "⟦𝟗𝟗𝟗 𝟎𝟎𝟎 𝟎𝟎𝟏𝟖⟧"),
    (NHS, "⟦𝟿𝟿𝟿𝟶𝟶𝟶𝟶𝟶𝟷𝟾⟧"),
    (NHS, "⟦⁹⁹⁹ ⁰⁰⁰ ⁰⁰¹⁸⟧"),
    (NHS, "⟦₉₉₉ ₀₀₀ ₀₀₁₈⟧"),
    (NHS, "⟦⑨⑨⑨⓪⓪⓪⓪⓪①⑧⟧"),
    (
        NHS,
        "⟦9\ufe0f\u20e39\ufe0f\u20e39\ufe0f\u20e30\ufe0f\u20e30\ufe0f\u20e30\ufe0f\u20e30\ufe0f\u20e30\ufe0f\u20e31\ufe0f\u20e38⟧\ufe0f\u20e3",
    ),
    (NHS, "Café, naïve, 🙂🙂: ⟦999 000 0018⟧ 🙂"),
    (NHS, "In case 4 ⟦999 000 0018⟧ came up"),
    (NHS, "4 ⟦999 000 0018⟧"),
    (NHS, "⟦999 000 0018⟧ 4"),
    (NHS, "12 ⟦9990000018⟧ 7"),
    (NHS, "x⟦9990000018⟧y"),
    (NHS, "page/⟦9990000018⟧?tab=1"),
    (NHS, "on 22/09/2026 ⟦999 000 0018⟧"),
    (NHS, "at 10:45 ⟦999 000 0018⟧"),
    (NHS, "**⟦999 000 0018⟧**"),
    (NHS, "“⟦999 000 0018⟧”"),
    (NHS, "#⟦9990000018⟧"),
    # … and where it doesn't hold, ten digits are still ten digits
    (NHS, "⟦1234567890⟧"),
    (NHS, "⟦123 456 7890⟧"),
    (NHS, "⟦123-456-7890⟧"),
    (NHS, "⟦999 000 0017⟧"),
    (NHS, "⟦99 90 00 00 17⟧"),
    (NHS, "⟦9 9 9 0 0 0 0 0 1 7⟧"),
    (NHS, "⟦9990\u200b0000\u200b17⟧"),
    (NHS, "⟦٩٩٩ ٠٠٠ ٠٠١٧⟧"),
    (NHS, "⟦99900.00017⟧"),
    (NHS, "reference ⟦4001234567⟧"),
    # Phone
    (PHONE, "Ring ⟦07700 900123⟧ first"),
    (PHONE, "⟦07700900123⟧"),
    (PHONE, "⟦07700 900 123⟧"),
    (PHONE, "⟦077 0090 0123⟧"),
    (PHONE, "⟦0 7 7 0 0 9 0 0 1 2 3⟧"),
    (PHONE, "⟦07 70 09 00 12 3⟧"),
    (PHONE, "⟦07700-900-123⟧"),
    (PHONE, "⟦07700.900.123⟧"),
    (PHONE, "⟦07700/900123⟧"),
    (PHONE, "⟦07700\n900123⟧"),
    (PHONE, "⟦０７７００ ９００１２３⟧"),
    (PHONE, "⟦٠٧٧٠٠ ٩٠٠١٢٣⟧"),
    (PHONE, "⟦07700\u200b900\u200b123⟧"),
    (PHONE, "⟦07700\u00a0900123⟧"),
    (PHONE, "⟦07700–900–123⟧"),
    (PHONE, "⟦020 7946 0123⟧"),
    (PHONE, "⟦02079460123⟧"),
    (PHONE, "(⟦020) 7946 0123⟧"),
    (PHONE, "⟦0161 496 0123⟧"),
    (PHONE, "(⟦0161) 4960123⟧"),
    (PHONE, "⟦01632 960123⟧"),
    (PHONE, "⟦01632-960-123⟧"),
    (PHONE, "⟦0808 157 0123⟧"),
    (PHONE, "⟦0300 123 4567⟧"),
    (PHONE, "⟦+44 7700 900123⟧"),
    (PHONE, "⟦+447700900123⟧"),
    (PHONE, "⟦+44 (0)7700 900123⟧"),
    (PHONE, "⟦+44 (0) 7700 900123⟧"),
    (PHONE, "⟦+44(0)20 7946 0123⟧"),
    (PHONE, "⟦+44 07700 900123⟧"),
    (PHONE, "⟦+ 44 7700 900123⟧"),
    (PHONE, "(⟦+44) 7700 900123⟧"),
    (PHONE, "⟦+44-7700-900123⟧"),
    (PHONE, "⟦＋４４ ７７００ ９００１２３⟧"),
    (PHONE, "⟦0044 7700 900123⟧"),
    (PHONE, "⟦00447700900123⟧"),
    (PHONE, "⟦0044 (0)7700 900123⟧"),
    (PHONE, "⟦44 7700 900123⟧"),
    (PHONE, "⟦447700900123⟧"),
    (PHONE, "⟦+44 16977 2345⟧"),
    (PHONE, "⟦020 7946 0123 ext 45⟧"),
    (PHONE, "⟦020 7946 0123 ext. 4521⟧"),
    (PHONE, "⟦020 7946 0123 x45⟧ please"),
    (PHONE, "⟦020 7946 0123, extension 45⟧"),
    (PHONE, "⟦020 7946 0123 #45⟧"),
    (PHONE, "Tel: ⟦496 0123⟧"),
    (PHONE, "phone number ⟦4960 123⟧"),
    (PHONE, "mobile ⟦7946 0123⟧"),
    (PHONE, "⟦+353 20 910 1234⟧"),
    (PHONE, "⟦+1 202 555 0123⟧"),
    (PHONE, "tel:⟦+442079460123⟧"),
    (PHONE, "2 ⟦07700 900123⟧ in the file"),
    (PHONE, "Mum’s is⟦07700900123⟧,"),
    (PHONE, "at 10:45 ⟦07700 900123⟧"),
    # E-mail
    (EMAIL, "Write to ⟦sam@example.org⟧ now"),
    (EMAIL, "⟦sam.smith@example.co.uk⟧."),
    (EMAIL, "<⟦sam@example.org⟧>"),
    (EMAIL, "mailto:⟦sam@example.org⟧"),
    (EMAIL, "⟦SAM@EXAMPLE.ORG⟧"),
    (EMAIL, "⟦sam+home@example.org⟧"),
    (EMAIL, "⟦sam_1@mail.example.org⟧"),
    (EMAIL, "⟦o'neil@example.org⟧"),
    (EMAIL, "⟦sam@nhs.net⟧"),
    (EMAIL, "⟦sam＠example.org⟧"),
    (EMAIL, "⟦sam﹫example.org⟧"),
    (EMAIL, "⟦ｓａｍ＠ｅｘａｍｐｌｅ．ｏｒｇ⟧"),
    (EMAIL, "⟦sam＠example。org⟧"),
    (EMAIL, "⟦sam @ example.org⟧"),
    (EMAIL, "⟦sam @example.org⟧"),
    (EMAIL, "⟦sam@ example.org⟧"),
    (EMAIL, "⟦sam\n@\nexample.org⟧"),
    (EMAIL, "⟦sam\u00a0@\u00a0example.org⟧"),
    (EMAIL, "⟦sam\u200b@\u200bexample\u200b.org⟧"),
    (EMAIL, "⟦sam@example . org⟧"),
    (EMAIL, "⟦sam @ example . co . uk⟧"),
    (EMAIL, "⟦sam ＠ example ． org⟧"),
    (EMAIL, "⟦sam (at) example.org⟧"),
    (EMAIL, "⟦sam[at]example[dot]org⟧"),
    (EMAIL, "⟦sam {AT} example {DOT} org⟧"),
    (EMAIL, "it is ⟦sam at example dot org⟧, she said"),
    (EMAIL, "⟦sam at mail dot example dot com⟧"),
    (EMAIL, "⟦zoë@exämple.org⟧"),
    (EMAIL, "⟦sam@xn--exmple-cua.org⟧"),
    (EMAIL, "⟦drill-1@drill.invalid⟧"),
    (EMAIL, "⟦sam@[192.0.2.1]⟧"),
    (EMAIL, "⟦sam@192.0.2.1⟧"),
    (EMAIL, "a@b ⟦sam@example.org⟧"),
    # Postcode
    (POSTCODE, "They live at ⟦SW1A 1AA⟧."),
    (POSTCODE, "⟦SW1A1AA⟧"),
    (POSTCODE, "⟦sw1a 1aa⟧"),
    (POSTCODE, "⟦sw1a1aa⟧"),
    (POSTCODE, "⟦Sw1a 1aa⟧"),
    (POSTCODE, "⟦EC1A 1BB⟧"),
    (POSTCODE, "⟦W1A 0AX⟧"),
    (POSTCODE, "⟦M1 1AE⟧"),
    (POSTCODE, "⟦m11ae⟧"),
    (POSTCODE, "⟦B33 8TH⟧"),
    (POSTCODE, "⟦b33 8th⟧"),
    (POSTCODE, "⟦B338TH⟧"),
    (POSTCODE, "⟦CR2 6XH⟧"),
    (POSTCODE, "⟦DN55 1PT⟧"),
    (POSTCODE, "⟦dn551pt⟧"),
    (POSTCODE, "⟦GIR 0AA⟧"),
    (POSTCODE, "⟦gir0aa⟧"),
    (POSTCODE, "⟦SW1A  1AA⟧"),
    (POSTCODE, "⟦SW1A-1AA⟧"),
    (POSTCODE, "⟦SW1A.1AA⟧"),
    (POSTCODE, "⟦SW1A\n1AA⟧"),
    (POSTCODE, "⟦SW1A\u00a01AA⟧"),
    (POSTCODE, "⟦SW1A\u200b1AA⟧"),
    (POSTCODE, "⟦ＳＷ１Ａ １ＡＡ⟧"),
    (POSTCODE, "⟦SW 1A 1AA⟧"),
    (POSTCODE, "⟦SW1A 1 AA⟧"),
    (POSTCODE, "⟦S W 1 A 1 A A⟧"),
    (POSTCODE, "⟦ze1 0aa⟧"),
    (POSTCODE, "⟦JE2 3AB⟧"),
    (POSTCODE, "the flat (⟦e1 6an⟧)"),
    (POSTCODE, "postcode:⟦N1 9GU⟧,"),
    (POSTCODE, "_⟦BT1 5GS⟧_"),
    (POSTCODE, "EC1A, then ⟦EC1A 1BB⟧"),
    # Date of birth
    (BIRTH, "She was born ⟦3 May 2011⟧"),
    (BIRTH, "born on ⟦3 May 2011⟧"),
    (BIRTH, "born on the ⟦3rd of May, 2011⟧"),
    (BIRTH, "Born: ⟦3rd May 2011⟧"),
    (BIRTH, "born in Leeds on ⟦3 May 2011⟧"),
    (BIRTH, "born ⟦May 3, 2011⟧"),
    (BIRTH, "born ⟦May 3rd 2011⟧"),
    (BIRTH, "born ⟦3 May⟧"),
    (BIRTH, "born in ⟦May 2011⟧"),
    (BIRTH, "born ⟦3 May ’11⟧"),
    (BIRTH, "born ⟦3-May-2011⟧"),
    (BIRTH, "born ⟦3.5.2011⟧"),
    (BIRTH, "born ⟦2011-05-03⟧"),
    (BIRTH, "born ⟦３ May ２０１１⟧"),
    (BIRTH, "born\n⟦3\nMay\n2011⟧"),
    (BIRTH, "b\u200born ⟦3 M\u200bay 2011⟧"),
    (BIRTH, "DOB ⟦03/05/11⟧"),
    (BIRTH, "DOB: ⟦03/05/2011⟧"),
    (BIRTH, "DOB⟦03/05/2011⟧"),
    (BIRTH, "dob ⟦3/5/11⟧"),
    (BIRTH, "dob is ⟦3-5-11⟧"),
    (BIRTH, "D.O.B. ⟦03.05.2011⟧"),
    (BIRTH, "d.o.b ⟦03 05 2011⟧"),
    (BIRTH, "D/O/B ⟦03/05/2011⟧"),
    (BIRTH, "D O B ⟦03/05/2011⟧"),
    (BIRTH, "DOB ⟦03052011⟧"),
    (BIRTH, "DOB ⟦030511⟧"),
    (BIRTH, "DOB ⟦20110503⟧"),
    (BIRTH, "DOB ⟦٠٣/٠٥/٢٠١١⟧"),
    (BIRTH, "DOB ⟦0３／0５／2011⟧"),
    (BIRTH, "DOB ⟦03\u2011 05\u2011 2011⟧"),
    (BIRTH, "DOB (client) ⟦03/05/2011⟧"),
    (BIRTH, "DOB\t⟦03 / 05 / 2011⟧"),
    (BIRTH, "Date of birth: ⟦3 May 2011⟧"),
    (BIRTH, "date of birth\n⟦3 May 2011⟧"),
    (BIRTH, "birth date ⟦3 May 2011⟧"),
    (BIRTH, "birthday is ⟦3 May⟧"),
    (BIRTH, "her birthday, which is the ⟦3rd of May⟧"),
    (BIRTH, "(b. ⟦03/05/2011⟧)"),
    (BIRTH, "gave birth on ⟦3 May 2011⟧"),
    (BIRTH, "⟦3 May 2011⟧ is her birthday"),
    (BIRTH, "⟦03/05/2011⟧ (DOB)"),
    (BIRTH, "on ⟦3 May 2011⟧, she was born"),
    (BIRTH, "b’day ⟦3 Sept 2011⟧"),
    (BIRTH, "born ⟦31 December 1999⟧"),
]


def unmark(marked: str) -> tuple[str, int, int]:
    start = marked.index("⟦")
    end = marked.index("⟧") - 1
    return marked.replace("⟦", "").replace("⟧", ""), start, end


@pytest.mark.parametrize(("kind", "marked"), CASES, ids=[ascii(f"{kind}: {text}") for kind, text in CASES])
def test_finds_exactly_what_is_marked(kind: Kind, marked: str) -> None:
    text, start, end = unmark(marked)
    assert [(f.kind, f.start, f.end, f.hard) for f in find(text)] == [(kind, start, end, True)]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("999 000 0018 999 000 0026", [NHS, NHS]),
        ("9990000018, 9990000026", [NHS, NHS]),
        ("9990000018\n9990000026", [NHS, NHS]),
        ("07700 900123 07700 900456", [PHONE, PHONE]),
        ("07700 900123 / 020 7946 0123", [PHONE, PHONE]),
        ("07700 900123 +44 7700 900456", [PHONE, PHONE]),
        ("07700 900123 999 000 0018", [PHONE, NHS]),
        ("999 000 0018 07700 900123", [NHS, PHONE]),
        ("sam@example.org, SW1A 1AA, born 3 May 2011", [EMAIL, POSTCODE, BIRTH]),
        ("sam@example.org;kim@example.org", [EMAIL, EMAIL]),
        ("SW1A 1AA EC1A 1BB", [POSTCODE, POSTCODE]),
        ("born 3 May 2011 and born 4 June 2012", [BIRTH, BIRTH]),
        ("DOB 03/05/2011 NHS 999 000 0018 tel 07700 900123", [BIRTH, NHS, PHONE]),
        ("999 000 0018 DOB 03/05/2011", [NHS, BIRTH]),
        ("9990000018@example.org", [EMAIL]),
    ],
)
def test_finds_every_one_in_order(text: str, kinds: list[Kind]) -> None:
    found = find(text)
    assert [f.kind for f in found] == kinds
    assert all(a.end <= b.start for a, b in pairwise(found))


CLEAN_TEXT = """\
A short call the day before makes a first visit easier to keep
A short call on the day before lowers the threshold for a first visit.
Say who rings whom before we leave
When two services disagree, ask each what they are worried about before we ask what they want
Ring the day before, not on the day
Mark the task before we start, even when it feels obvious
Write the worry down in the young person’s own words
Ask the family who they trust before offering a new worker
Two of us on a first visit costs less than one cancelled visit
We plan better when the keyworker speaks first
Slow down when everybody agrees quickly
Our letters are too long: one page, one ask
Text the day before
The same again
Offer three times, not one
Look back after 6 weeks
Keep visits to 45 minutes
In 7 of 12 first visits nobody was in
We missed 3 of the last 10 calls
About 1 in 4 first visits fails
4 out of 5 dentists
9 of 10 visits were kept after a call
Half of our 24 referrals came from 2 schools
Between 2019 and 2025 waiting times doubled
From 2024-25 to 2025-26 we lost two posts
2019–2024
2023/24 and 2024/25
In 2025 we saw 140 families, in 2026 155
Year 2026, quarter 3
Since 1998 the team has met on Tuesdays
Review in 2027
Look again on 10 November
Look again on 10 November 2026
Summary of Tuesday 22 September
Harbour Street outreach: what we learned, 22 September
Meeting of 22/09/2026
Meeting of 22/09/2026 at 10:00
Meeting of 22.09.2026 10.45
Next: 22.09.26 10.45
2026-09-22 10:45
2026-09-22 10:45:30
2026-09-22 10 min
Tuesday 22 September 2026, 10:00 to 11:00
10:29 · ends 11:00
10:45, 10:50, 10:55, 11:00
10:00 10:10 10:20 10:30
9.30 to 11.45
from 09:30 until 17:00 on 5 days
Read-back at 10:50, ends 11:00
ends about 10:55
Case 3 · Sol · 10 min
Case 1 · Ben · 10 min, Case 2 · Mo · 10 min
Case 12 · Idris · 15 min
Look-back 5 min
Business 15
Read-back 10:50 5
Dates 5
Look-back 5, cases 30, business 10, read-back 5, dates 5
5 + 10 + 10 + 15 + 5 = 45 minutes
5, 10, 10, 15, 5
1 2 3 4 5
1, 2, 3, 4, 5, 6, 7, 8, 9
Steps 1-4
Point 1 of 2
2 agreed, 1 parked. Not reached: 1
3 kept
Sent to 9 at 12:04. Delivered to 8; one address came back.
Room 4
Room 101
Room 2.14
Room B2 3rd floor
Room B2, 1st floor
Meet in room G7 2nd door on the left
Ward 4
Ward B12
House 7, flat 3
12 Harbour Street
14-16 Harbour Street, 2nd floor
Numbers 3 to 11
Bus 42 from stop B
Take the M25 2hr early
The M62 and the A1 are slow after 16:30
Junction 12 of the M6
Band 6 and band 7 posts
0.5 WTE for 6 months
2.4 posts at band 5
£12.50 a head
£2.50
£1,250 a year
£1,250,000 over 3 years
£125000 a year
£45.00 for 3 taxis, £15 each
€300 or £260
A budget of 1,250,000
12%
25% of visits, up from 18.5%
3.14159
1.5 to 2.5 hours
24/7
24/7 365
50/50
7 days, 24 hours
9 to 5
5 x 10 minutes
A4, not A3
3 sheets of A4 2 sided
Print 20 on A4
CO2 in the room
COVID-19 taught us to ring first
Section 47 and section 17
s.117 aftercare
Section 117 of the 1983 Act
The Care Act 2014 and the Children Act 1989
Article 8
Form P45, form SS3
Windows 11 on 12 laptops
Version 2.0.11
htmx 4.0.1
KLM 482
Join with KLM 482
999 or 111
Ring 999 if someone is in danger
Childline is 0800 1111
Samaritans on 116 123
Dial 101 for the police
Text “HOME” to 85258
Extension 45
ext. 4521
Desk 12, extension 301
+5 minutes
+ 5
+ 10 + 5
+1
-5
1st, 2nd and 3rd visits
The 1st of the month
On the 3rd we meet at 9
The 21st century
Top 10
7-day rule
72 hour follow-up
48 hours, then 7 days, then 28 days
Score of 12/20 or 15/20
PHQ-9 of 14, GAD-7 of 12
SDQ 17 to 12 in 6 months
Ages and stages
under 5s
11 to 18 year olds
Working with your CLIENT
Working with your TEAM
Working with your NETWORKS
LEARNING at work
Learning@work
Lunch @ 12
Lunch @ noon
Meet @ Harbour Street
Meet @ the town hall. Then walk
Case review @ St.Mary
Coffee @ 10.30
@team please read
Ben @ reception
Look at it. Dot the i
We met at length. The dot on the map moved
We looked at one dot per visit
Use the dot at the top
Respect for Evidence
AMBIT, 14 January 2014
The role page of 14 January 2014
So 10 2nd visits were missed
Tell me 2 things
to 5 6 and 7
or 3 4 times
we go 2 by 2
Team B 1 point ahead
Group E 2 of 5
Item B2 4th point
L1 and L2 support
N=12
n = 12, p < 0.05
F2F or by phone
1:1 time
1:1s with each of 5 workers
2:1 visits
3-month plan
12-week review
6-8 weeks
6–8 weeks
10-15 minutes
Born out of last week’s talk
A new idea was born
The team was born in a corridor
Birth plans: review on 3 May 2027
The birth plan meeting moved to 3 May
Ask for the birth certificate by 12 May
Ask for the DOB by 12 May 2027
DOB is missing on forms. Fix by 12 May 2027
Ask for date of birth before 3 May
Children born before 1 September 2010 go to another team
Ask for the date of birth first
Birthdays matter: send a card
Newborn visits on 3 May 2026
Birth trauma training on 3 May 2026
Reborn in March 2026
Stubborn, 3 May 2026
May 2026
3 May 2026
March on, 3 of us
12 May, 14 May, 16 May
Dates: 1 Oct, 8 Oct, 15 Oct, 22 Oct
29/09, 06/10, 13/10, 20/10
29/9/26, 6/10/26, 13/10/26
29.09.2026, 06.10.2026
Week 38, 39, 40, 41
Q1 2026 Q2 2026 Q3 2026
H1 2026
Tel. aviv time
Phone first, then 2 letters
Phone 3 times
Call 3 times in 10 days
Mobile 4 of 9
Text at 9, call at 10
Take it out and go on. Your other words stay.
What are the learning points about practice that might be generalisable from this discussion?
No learning point today. That’s fine.
Ｗｅ ｍｅｅｔ ａｔ １０
Café at 10, naïve question, rôle
🙂 3 of 4 🙂
“Don’t explain, ask”
Keep the plan to 3 lines; 1 worker, 1 date, 1 phone call
If 2 visits fail, ring; if 3 fail, ask the school
10 000 steps
1 000 000 people
0.75
007
0-25 service
0–19 team
16+ and 18+
18 or over, 25 or under
"""
CLEAN = CLEAN_TEXT.splitlines()


def test_the_clean_corpus_is_large_enough() -> None:
    assert len(CLEAN) == len(set(CLEAN))
    assert len(CLEAN) >= 150
    assert len(CASES) == len(set(CASES))
    assert len(CASES) >= 150


@pytest.mark.parametrize("text", CLEAN)
def test_ordinary_words_are_left_alone(text: str) -> None:
    assert find(text) == []


def test_ordinary_words_on_many_lines_are_left_alone() -> None:
    assert find("\n\n".join(line for line in CLEAN if "born" not in line.lower())) == []


@pytest.mark.parametrize(
    ("digits", "holds"),
    [
        ("9990000018", True),
        ("9990000026", True),
        ("9990000017", False),
        ("1234567890", False),
        ("9434765919", True),
        ("9434765918", False),
        ("4010232137", True),
        ("0000000000", True),
    ],
)
def test_mod_11(digits: str, holds: bool) -> None:
    assert mod_11(digits) is holds


def test_mod_11_knows_no_check_digit_of_ten() -> None:
    """Where the sum leaves 1, no digit fits: such a number is never given out."""
    stems = [f"99900{n:04d}" for n in range(200)]
    fitting = {stem: sum(mod_11(f"{stem}{digit}") for digit in range(10)) for stem in stems}
    assert set(fitting.values()) == {0, 1}


def test_sure_only_where_the_check_digit_holds() -> None:
    assert find("999 000 0018")[0].sure is True
    assert find("999 000 0017")[0].sure is False
    assert find("07700 900123")[0].sure is True


GAPS = ["", " ", "  ", "-", " - ", ".", "\n", "\t", "\u00a0", "\u2009", "\u200b", "\u2011", "–", "_", " . "]
LAYOUTS = [
    (10,),
    (3, 3, 4),
    (5, 5),
    (4, 3, 3),
    (3, 4, 3),
    (2, 2, 2, 2, 2),
    (1,) * 10,
    (6, 4),
    (4, 4, 2),
    (3, 7),
    (9, 1),
]
AROUND = ["{}", "see {}.", "({})", "NHS {}, then", "Nr.{}", "“{}”", "x\u200b{}", "🙂{}🙂"]
ZEROS = ["0", "０", "٠", "۰", "०", "𝟎", "𝟶"]


def spread(digits: str, layout: tuple[int, ...], gap: str) -> str:
    parts = []
    at = 0
    for size in layout:
        parts.append(digits[at : at + size])
        at += size
    return gap.join(parts)


def spaced_numbers() -> Iterator[tuple[str, str]]:
    n = 0
    for digits in ("9990000018", "9990000026", "9434765919", "9990000017", "1234567890"):
        for layout in LAYOUTS:
            for gap in GAPS:
                zero = ord(ZEROS[n % len(ZEROS)])
                number = spread("".join(chr(zero + int(d)) for d in digits), layout, gap)
                yield number, AROUND[n % len(AROUND)].format(number)
                n += 1


def test_any_ten_digits_however_spaced() -> None:
    missed = []
    for number, text in spaced_numbers():
        start = text.index(number)
        if [(f.kind, f.start, f.end) for f in find(text)] != [(NHS, start, start + len(number))]:
            missed.append(text)
    assert missed == []


def test_every_postcode_area_and_case() -> None:
    missed = [
        text
        for area in guard._AREAS
        for district in ("1", "12", "9A")
        for unit in ("1AA", "0XY", "9ZQ")
        for gap in ("", " ", "\u00a0")
        for text in (f"{area}{district}{gap}{unit}", f"{area}{district}{gap}{unit}".lower())
        if [(f.kind, text[f.start : f.end]) for f in find(text)] != [(POSTCODE, text)]
    ]
    assert missed == []


def test_two_letters_that_are_no_area_are_no_postcode() -> None:
    assert find("ZZ1 1AA, QQ12 3AB, XX1 1AA") == []


def test_offsets_stay_right_whatever_stands_before() -> None:
    """Characters that vanish or grow when folded (zero-width, ligatures, letters beyond the BMP) shift nothing."""
    for before in ("", "\u200b\u200b", "ﬃﬃ", "🙂", "½ ", "e\u0301", "㎏ ", "\ufeff", "𝟗 ", "\u202e", "İ ", "ß", "﷽ "):
        for _kind, marked in CASES:
            text, start, end = unmark(marked)
            if not before.strip().isdecimal() or not text[0].isdecimal():
                found = find(f"{before} so: {text}")
                shift = len(before) + len(" so: ")
                assert (start + shift, end + shift) in [(f.start, f.end) for f in found], (before, text)


def test_spans_never_begin_or_end_outside_the_text() -> None:
    for _kind, marked in CASES:
        text, _start, _end = unmark(marked)
        for cut in range(len(text)):
            for piece in (text[:cut], text[cut:]):
                assert all(0 <= f.start < f.end <= len(piece) for f in find(piece))


@pytest.mark.parametrize(
    "unit",
    [
        "a", "1", "0", " ", ".", "-", "@", "a@", "@a", "a.", "1 ", "1-", "0 ", "07", "+44", "+", "44 ", "born ", "b. ", "DOB 1 ",
        "1 May ", "May ", "3/5/", " at ", "a at b dot ", " dot ", "SW1A ", "A1 1A", "S W 1 ", "(at)", "[", "\u200b", "９", "１ ",
        "🙂", "é", "1:00 ", "£1,000", "22.09.26 ", "999 000 0018 ", "07700 900123 ", "x@y.z ", "tel ", "1" + " " * 13,
        "birth 1 May x", "a_", "_", "1/1/2011 ", "\n", "a@a.a.a.a.",
    ],
    ids=ascii,
)  # fmt: skip
def test_time_grows_in_step_with_length(unit: str) -> None:
    """Ten times the text takes about ten times as long, whatever is nastiest; a squared search would take a hundred."""
    small = max(seconds_for(unit, 10_000) for _ in range(2))
    assert seconds_for(unit, 100_000) < max(1, 30 * small)


def seconds_for(unit: str, length: int) -> float:
    text = (unit * (length // len(unit) + 1))[:length]
    began = time.process_time()
    find(text)
    return time.process_time() - began


def test_check_names_the_first_field_with_a_find() -> None:
    with pytest.raises(Identifying) as caught:
        guard.check(Done.RAISED, label="Business", text="see 999 000 0018", line="sam@example.org")
    assert caught.value.field == "text"
    assert caught.value.found == (Found(NHS, 4, 16),)
    assert caught.value.sentence == (
        "This looks like an NHS number, so it can’t be raised. Take it out and go on. Your other words stay."
    )


def test_check_lets_clean_words_pass() -> None:
    guard.check(text="A short call the day before", label="")
    guard.check()


@pytest.mark.parametrize(
    ("text", "done", "sentence"),
    [
        ("999 000 0017", Done.KEPT, "These ten digits could be an NHS number, so it can’t be kept."),
        ("07700 900123", Done.OFFERED, "This looks like a phone number, so it can’t be offered."),
        ("sam@example.org", Done.SENT, "This looks like an e-mail address, so it can’t be sent."),
        ("SW1A 1AA", Done.SAVED, "This looks like a full postcode, so it can’t be saved."),
        ("born 3 May 2011", Done.RAISED, "This looks like a date of birth, so it can’t be raised."),
    ],
)
def test_the_sentence_says_what_it_looks_like_and_never_repeats_it(text: str, done: Done, sentence: str) -> None:
    assert explain(find(text)[0], done) == f"{sentence} Take it out and go on. Your other words stay."


def test_kinds_are_those_of_the_contract() -> None:
    assert [kind.value for kind in Kind] == [
        "nhs-number", "phone", "email", "postcode", "birth-date", "age", "date", "name", "initials", "place",
    ]  # fmt: skip
