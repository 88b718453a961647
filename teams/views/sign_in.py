"""Signing in by a code sent by mail, and out again: allauth's flow behind our pages, our outbox and our words."""

from datetime import timedelta
from typing import Any, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.views import ConfirmLoginCodeView, RequestLoginCodeView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from core import clock
from core.http import page, see_other
from teams.forms.sign_in import Device
from teams.models import User
from teams.services.sign_in import account_for, mail_code, note_sign_in, note_sign_out

DEVICE = "device"  # in the session, from the first page to the second


def come_in(request: HttpRequest, *, how: str) -> None:
    """What every way in does once somebody is signed in: how long it lasts, and a note of it."""
    if request.session.pop(DEVICE, Device.OWN) == Device.SHARED:
        # A moment, not a number of seconds: what is done meanwhile doesn't lengthen it.
        request.session.set_expiry(clock.now() + timedelta(seconds=settings.SESSION_SHARED_AGE))
    else:
        request.session.set_expiry(settings.SESSION_COOKIE_AGE)
    note_sign_in(cast(User, request.user), how=how)


class Adapter(DefaultAccountAdapter):
    """Where allauth meets this house."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "incorrect_code": _("Those aren’t the digits we sent last. Look at the newest mail."),
        "too_many_login_attempts": _("That was too many tries. Wait a minute, then ask for a new code."),
        "rate_limited": _("That was too many tries. Wait a minute, then ask for a new code."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False  # accounts are made by account_for alone

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Through the outbox. allauth sends nothing else here; whatever it would send later must be written as a letter first."""
        if template_prefix != "account/email/login_code":
            raise NotImplementedError(f"There is no letter for {template_prefix}")
        user = account_for(email)
        if user is not None:
            mail_code(user, context["code"])

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """Only what went wrong: that a code was sent, or that one is signed in, the page itself says."""
        if level >= messages.ERROR and message:
            messages.add_message(request, level, message, extra_tags=extra_tags)

    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        come_in(request, how="code")


class _Address(RequestLoginCodeView):
    template_name = "account/request_login_code.html"

    def _redirect_to_pending_stage(self, request: HttpRequest, stage: Any) -> None:
        return None  # "Use another address" leads here while a code is under way

    def form_valid(self, form: Any) -> HttpResponse:
        # Known, new or not to be let in: the answer is the same page, and tells nobody which.
        form._user = account_for(form.cleaned_data["email"])
        self.request.session[DEVICE] = form.cleaned_data["device"]
        return cast(HttpResponse, super().form_valid(form))

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)
        response.status_code = 422
        return cast(HttpResponse, response)


class _Code(ConfirmLoginCodeView):
    template_name = "account/confirm_login_code.html"

    def _resend_form_valid(self, form: Any) -> HttpResponse:
        self._process.state["at"] = clock.now().timestamp()  # the new code works for ten minutes too
        return cast(HttpResponse, super()._resend_form_valid(form))

    def form_valid(self, form: Any) -> HttpResponse:
        if self._action != "resend" and not self._process.user:
            # Another code was asked for an address that has no account; somebody guessed it.
            return self.form_invalid(form)
        return cast(HttpResponse, super().form_valid(form))

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)
        if response.status_code == 200:
            response.status_code = 422
        return cast(HttpResponse, response)


_address = _Address.as_view()
_code = _Code.as_view()


def _rendered(response: HttpResponseBase) -> HttpResponseBase:
    # allauth answers with lazy pages, which would render after the scope has ended.
    render = getattr(response, "render", None)
    if render is not None:
        render()
    return response


def address(request: HttpRequest) -> HttpResponseBase:
    """GET and POST: the e-mail and what one is using. Somebody who is signed in is led on."""
    return _rendered(_address(request))


def code(request: HttpRequest) -> HttpResponseBase:
    """GET and POST: the six digits; a post with `action=resend` sends new ones."""
    return _rendered(_code(request))


def inactive(request: HttpRequest) -> HttpResponseBase:
    """GET: this account was closed."""
    return page(request, "account/account_inactive.html", {}, status=403)


@never_cache
def sign_out(request: HttpRequest) -> HttpResponseBase:
    """GET asks, POST signs out. Leads to the sign-in page."""
    if not request.user.is_authenticated:
        return see_other(request, reverse("account_login"))
    if request.method != "POST":
        return page(request, "account/logout.html", {"whose": request.user.pk})
    note_sign_out(request.user)
    logout(request)
    return see_other(request, reverse("account_login"))
