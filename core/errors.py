"""What a service may refuse, and with which answer: the door turns each into a page."""


class Refused(Exception):
    """A service said no. `sentence` is for people to read; `status` is the HTTP answer."""

    status = 400

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class NotFound(Refused):
    """No such thing, or it belongs to another team: which of the two is never said."""

    status = 404


class NotAllowed(Refused):
    """A member without the seat or the role: 403, and the sentence says who has it."""

    status = 403


class NotPossible(Refused):
    """Allowed, but not as things stand now (the meeting is closed, the point is settled)."""

    status = 409


class Stale(NotPossible):
    """Somebody else changed it since this person saw it: both texts are shown."""


class Invalid(Refused):
    """Bad input that only the service can judge: shown beside `field`, what was typed stays."""

    status = 422

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class KeyReused(Refused):
    """One client key came with two different contents."""

    status = 422
