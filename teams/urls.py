"""Addresses of this storey, each with its policy."""

from django.db import transaction
from django.urls import path

from core.policy import Anyone, SignedIn, allow
from teams.rules import Member
from teams.views import agreement, app, health, home, letters, people, sign_in

urlpatterns = [
    path("", allow(SignedIn(), home.home), name="home"),
    # Outside of ATOMIC_REQUESTS, as core.health's own: with PostgreSQL away, that would fail before there is an answer.
    path("health/work", transaction.non_atomic_requests(allow(Anyone(), health.work)), name="health_work"),
    path("app.webmanifest", allow(Anyone(), app.manifest), name="manifest"),
    path("sign-in/", allow(Anyone(), sign_in.address, "GET", "POST"), name="account_login"),
    path(
        "sign-in/", allow(Anyone(), sign_in.address, "GET", "POST"), name="account_request_login_code"
    ),  # allauth reverses this name
    path("sign-in/code/", allow(Anyone(), sign_in.code, "GET", "POST"), name="account_confirm_login_code"),
    path("sign-in/closed/", allow(Anyone(), sign_in.inactive), name="account_inactive"),
    path("sign-out/", allow(Anyone(), sign_in.sign_out, "GET", "POST"), name="account_logout"),
    path("you/", allow(SignedIn(), home.you, "GET", "POST"), name="you"),
    path("you/letters/", allow(SignedIn(), letters.mine, "GET", "POST"), name="letters_choose"),
    path("letters/stop/<str:token>/", allow(Anyone(), letters.stop, "GET", "POST"), name="letters_stop"),
    path("teams/new/", allow(SignedIn(), home.new_team, "GET", "POST"), name="team_new"),
    path("invitation/<str:token>/", allow(Anyone(), people.invitation, "GET", "POST"), name="invitation"),
    path("t/<slug:slug>/people/", allow(Member(), people.list_people), name="people"),
    path("t/<slug:slug>/people/invite/", allow(Member(), people.invite, "POST"), name="invite"),
    path(
        "t/<slug:slug>/people/invitations/<int:pk>/again/",
        allow(Member(), people.invite_again, "POST"),
        name="invite_again",
    ),
    path(
        "t/<slug:slug>/people/invitations/<int:pk>/withdraw/",
        allow(Member(), people.withdraw, "POST"),
        name="invite_withdraw",
    ),
    path("t/<slug:slug>/people/<int:pk>/", allow(Member(), people.member, "GET", "POST"), name="member"),
    path("t/<slug:slug>/people/<int:pk>/turns/", allow(Member(), people.turns, "POST"), name="member_turns"),
    path("t/<slug:slug>/people/<int:pk>/away/", allow(Member(), people.go_away, "POST"), name="away_add"),
    path(
        "t/<slug:slug>/people/<int:pk>/away/<int:away>/remove/",
        allow(Member(), people.come_back, "POST"),
        name="away_remove",
    ),
    path("t/<slug:slug>/people/<int:pk>/leave/", allow(Member(), people.leave, "POST"), name="member_leave"),
    path("t/<slug:slug>/agreement/", allow(Member(), agreement.agreement), name="agreement"),
    path("t/<slug:slug>/role/", allow(Member(), agreement.role), name="role"),
    path("t/<slug:slug>/agreement/change/", allow(Member(), agreement.change, "GET", "POST"), name="agreement_change"),
]
