"""Mail that says a letter came back, as the servers of this world write it. `%(id)s`: the letter's Message-ID; `%(to)s`: its address."""

POSTFIX = """\
Return-Path: <>
From: MAILER-DAEMON@mail.harbour.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: learning@kim.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4F1D22C1B8.1758530000/mail.harbour.example"
Message-Id: <20260922080700.9A1C22C1B9@mail.harbour.example>

This is a MIME-encapsulated message.

--4F1D22C1B8.1758530000/mail.harbour.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mail.harbour.example.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

<%(to)s>: host mx.harbour.example[192.0.2.7] said: 550 5.1.1
    <%(to)s>: Recipient address rejected: User unknown in virtual mailbox table
    (in reply to RCPT TO command)

--4F1D22C1B8.1758530000/mail.harbour.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.harbour.example
X-Postfix-Queue-ID: 4F1D22C1B8
X-Postfix-Sender: rfc822; learning@kim.example
Arrival-Date: Tue, 22 Sep 2026 08:06:58 +0000 (UTC)

Final-Recipient: rfc822; %(to)s
Original-Recipient: rfc822;%(to)s
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.harbour.example
Diagnostic-Code: smtp; 550 5.1.1 <%(to)s>: Recipient address rejected:
    User unknown in virtual mailbox table

--4F1D22C1B8.1758530000/mail.harbour.example
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

Return-Path: <learning@kim.example>
To: %(to)s
From: Keeping in Mind <learning@kim.example>
Subject: Harbour Street outreach: what we learned
Date: Tue, 22 Sep 2026 08:06:58 +0000
Message-ID: %(id)s
Auto-Submitted: auto-generated

--4F1D22C1B8.1758530000/mail.harbour.example--
"""

POSTFIX_LATE = (
    POSTFIX.replace("Subject: Undelivered Mail Returned to Sender", "Subject: Delayed Mail (still being retried)")
    .replace("Action: failed", "Action: delayed")
    .replace("Status: 5.1.1", "Status: 4.4.1")
    .replace("Diagnostic-Code: smtp; 550 5.1.1", "Diagnostic-Code: X-Postfix; connect to mx.harbour.example: 451 4.4.1")
)

RELAYED = POSTFIX.replace("Action: failed", "Action: relayed").replace("Status: 5.1.1", "Status: 2.0.0")
DELIVERED = POSTFIX.replace("Action: failed", "Action: delivered").replace("Status: 5.1.1", "Status: 2.1.5")
GIVEN_UP = (  # after five days of trying
    POSTFIX.replace("Status: 5.1.1", "Status: 4.4.1")
    .replace(
        "Diagnostic-Code: smtp; 550 5.1.1 <%(to)s>: Recipient address rejected:",
        "Diagnostic-Code: X-Postfix; connect to",
    )
    .replace(
        "    User unknown in virtual mailbox table\n\n--",
        "    mx.harbour.example[192.0.2.7]:25: Connection timed out\n\n--",
    )
)

EXCHANGE = """\
From: <postmaster@trust.example>
To: <learning@kim.example>
Date: Tue, 22 Sep 2026 08:08:02 +0000
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="8b1f4f3e-5f30-4c9e-9a3e-7c0d1a2b3c4d"
X-MS-Exchange-Message-Is-Ndr:
Content-Language: en-GB
Message-ID: <6f3a55c1-1d14-4c51-8f0a@LO2P123MB1234.GBRP123.PROD.OUTLOOK.COM>
In-Reply-To: %(id)s
References: %(id)s
Thread-Topic: Harbour Street outreach: what we learned
Subject: Undeliverable: Harbour Street outreach: what we learned
Auto-Submitted: auto-replied
MIME-Version: 1.0

--8b1f4f3e-5f30-4c9e-9a3e-7c0d1a2b3c4d
Content-Type: multipart/alternative; differences=Content-Type;
\tboundary="4dcd1f1c-0001"

--4dcd1f1c-0001
Content-Type: text/plain; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

Your message to %(to)s couldn't be delivered.

--4dcd1f1c-0001
Content-Type: text/html; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

<html><body><p>Your message to %(to)s couldn't be delivered.</p></body></html>

--4dcd1f1c-0001--

--8b1f4f3e-5f30-4c9e-9a3e-7c0d1a2b3c4d
Content-Type: message/delivery-status

Reporting-MTA: dns;LO2P123MB1234.GBRP123.PROD.OUTLOOK.COM
Received-From-MTA: dns;mail.kim.example
Arrival-Date: Tue, 22 Sep 2026 08:08:00 +0000

Final-Recipient: rfc822;%(to)s
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup

--8b1f4f3e-5f30-4c9e-9a3e-7c0d1a2b3c4d
Content-Type: message/rfc822

Received: from mail.kim.example (192.0.2.9) by LO2P123MB1234 with Microsoft SMTP Server
Content-Type: multipart/alternative; boundary="===============7395382920665939913=="
To: %(to)s
From: Keeping in Mind <learning@kim.example>
Subject: Harbour Street outreach: what we learned
Message-ID:
\t%(id)s
MIME-Version: 1.0

--===============7395382920665939913==
Content-Type: text/plain; charset="utf-8"

What we learned.

--===============7395382920665939913==--

--8b1f4f3e-5f30-4c9e-9a3e-7c0d1a2b3c4d--
"""

# Some relays return the letter as an attachment of mere text.
EXCHANGE_AS_TEXT = (
    EXCHANGE.replace("Content-Type: message/rfc822", "Content-Type: text/plain; name=returned.txt")
    .replace("In-Reply-To: %(id)s\n", "")
    .replace("References: %(id)s\n", "")
)

EXIM = """\
Return-path: <>
Received: from Debian-exim by mx.council.example with local (Exim 4.97)
X-Failed-Recipients: %(to)s
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.council.example>
To: learning@kim.example
References: %(id)s
Content-Type: multipart/report; report-type=delivery-status; boundary=1758528422-eximdsn-1804289383
MIME-Version: 1.0
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1v0abc-0001AB-2x@mx.council.example>

--1758528422-eximdsn-1804289383
Content-type: text/plain; charset=us-ascii

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  %(to)s
    host aspmx.council.example [192.0.2.25]
    SMTP error from remote mail server after RCPT TO:<%(to)s>:
    550 5.7.1 Our policy says no

--1758528422-eximdsn-1804289383
Content-type: message/delivery-status

Reporting-MTA: dns; mx.council.example

Action: failed
Final-Recipient: rfc822;%(to)s
Status: 5.0.0
Remote-MTA: dns; aspmx.council.example
Diagnostic-Code: smtp; 550 5.7.1 Our policy says no

--1758528422-eximdsn-1804289383
Content-type: message/rfc822

Return-path: <learning@kim.example>
To: %(to)s
From: Keeping in Mind <learning@kim.example>
Message-ID: %(id)s
Subject: Harbour Street outreach: what we learned

What we learned.

--1758528422-eximdsn-1804289383--
"""

EXIM_OLD = """\
Return-path: <>
X-Failed-Recipients: %(to)s
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.council.example>
To: learning@kim.example
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1v0abc-0001AB-2x@mx.council.example>

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  %(to)s
    Unrouteable address

------ This is a copy of the message, including all the headers. ------

Return-path: <learning@kim.example>
To: %(to)s
From: Keeping in Mind <learning@kim.example>
Message-ID: %(id)s
Subject: Harbour Street outreach: what we learned

What we learned.
"""

EXIM_OLD_LATE = EXIM_OLD.replace(
    "Mail delivery failed: returning message", "Warning: message delayed 24 hours"
).replace(
    "This is a permanent error. The following address(es) failed:",
    "The message has not yet been delivered. No action is required on your part.",
)

GMAIL = """\
From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
To: learning@kim.example
Auto-Submitted: auto-replied
Subject: Delivery Status Notification (Failure)
References: %(id)s
In-Reply-To: %(id)s
X-Failed-Recipients: %(to)s
Message-ID: <68d1.050a0220.13f51.0a7e.GMR@mx.google.com>
Content-Type: multipart/report; boundary="0000000000007d3a9f063f5c1b2a"; report-type=delivery-status

--0000000000007d3a9f063f5c1b2a
Content-Type: multipart/related; boundary="0000000000007d5f2e063f5c1b30"

--0000000000007d5f2e063f5c1b30
Content-Type: text/plain; charset="UTF-8"


** Address not found **

Your message wasn't delivered to %(to)s because the address couldn't be found, or is unable to receive mail.

--0000000000007d5f2e063f5c1b30
Content-Type: image/png; name="icon.png"
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--0000000000007d5f2e063f5c1b30--
--0000000000007d3a9f063f5c1b2a
Content-Type: message/delivery-status

Reporting-MTA: dns; googlemail.com
Arrival-Date: Tue, 22 Sep 2026 01:07:03 -0700 (PDT)
X-Original-Message-ID: %(id)s

Final-Recipient: rfc822; %(to)s
Action: failed
Status: 5.1.1
Remote-MTA: dns; gmail-smtp-in.l.google.com. (192.0.2.26, the server for the domain gmail.com.)
Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try
 550-5.1.1 double-checking the recipient's email address for typos or
 550 5.1.1 unnecessary spaces. NoSuchUser - gsmtp
Last-Attempt-Date: Tue, 22 Sep 2026 01:07:04 -0700 (PDT)

--0000000000007d3a9f063f5c1b2a
Content-Type: message/rfc822

From: Keeping in Mind <learning@kim.example>
To: %(to)s
Subject: Harbour Street outreach: what we learned
Message-ID: %(id)s

What we learned.
--0000000000007d3a9f063f5c1b2a--
"""

OUT_OF_OFFICE = """\
From: Lin Chen <%(to)s>
To: learning@kim.example
Subject: Automatic reply: Harbour Street outreach: what we learned
In-Reply-To: %(id)s
References: %(id)s
Auto-Submitted: auto-generated
X-Auto-Response-Suppress: All
Message-ID: <OOF-1@trust.example>
Content-Type: text/plain; charset="utf-8"

I am away until Monday. In a permanent error of judgement I took my leave in September. 550 5.1.1
"""

# A report about somebody else's letter, that names one of ours beside it.
ABOUT_ANOTHER = EXIM.replace("Message-ID: %(id)s\nSubject", "Message-ID: <somebody-elses@other.example>\nSubject")

LONG = POSTFIX.replace(
    "User unknown in virtual mailbox table\n\n--4F", "User unknown " + "x" * 5000 + "\n\n--4F"
).replace("Recipient address rejected:\n    User", "Rejected\x07:\n    User")

CAME_BACK = {
    "Postfix": (POSTFIX, "550 5.1.1 <%(to)s>: Recipient address rejected: User unknown in virtual mailbox table"),
    "Exchange": (
        EXCHANGE,
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
    ),
    "Exchange, the letter as text": (
        EXCHANGE_AS_TEXT,
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
    ),
    "Exim": (EXIM, "550 5.7.1 Our policy says no"),
    "Exim, in words alone": (EXIM_OLD, "Unrouteable address"),
    "Gmail": (
        GMAIL,
        "550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's email "
        "address for typos or unnecessary spaces. NoSuchUser - gsmtp",
    ),
    "Postfix, after days of trying": (GIVEN_UP, "connect to mx.harbour.example[192.0.2.7]:25: Connection timed out"),
    "no diagnosis": (
        POSTFIX.replace("Diagnostic-Code: smtp; 550 5.1.1 <%(to)s>: Recipient address rejected:\n", "X-Nothing:\n"),
        "5.1.1",
    ),
}
HARMLESS = {
    "Postfix, only late": POSTFIX_LATE,
    "Exim, only late": EXIM_OLD_LATE,
    "handed on": RELAYED,
    "delivered": DELIVERED,
    "an out-of-office answer": OUT_OF_OFFICE,
    "about somebody else’s letter": ABOUT_ANOTHER,
    "nothing": "",
    "no mail at all": "\x00\x01\x02 " * 200,
    "an empty report": "Content-Type: message/delivery-status\n\n",
    "a broken report": POSTFIX[:1200],
}
