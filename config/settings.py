"""One settings file, read from the environment, in the order a request meets it."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

# --- where it runs -----------------------------------------------------------------------------------------------------------
DEMO = env.bool("DEMO", default=False)
DEMO_DIR = Path(env.str("DEMO_DIR", default=str(BASE_DIR / ".demo")))
DEBUG = False
SECRET_KEY = env.str("SECRET_KEY")
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
SECURE = PUBLIC_URL.startswith("https://")
if DEMO and urlsplit(PUBLIC_URL).hostname not in ("127.0.0.1", "localhost", "::1"):
    raise ImproperlyConfigured("The demo signs anybody in by a link: it runs on loopback only")
FOUNDING = env.str("FOUNDING", default="open")  # who may found a team: "open" (anybody with an address) or "invitation"

# --- the front door ----------------------------------------------------------------------------------------------------------
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
WEB_THREADS = env.int("WEB_THREADS", default=4)
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",  # answers with files that are compressed already
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # pages; with random bytes, and a token that differs each time (decision 13)
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "core.middleware.Refusals",
]
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.NONCE],
    "style-src": [CSP.SELF, CSP.NONCE],
    "font-src": [CSP.SELF],
    "img-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    "frame-src": [CSP.SELF],  # without scripts the room has a small frame that looks again by itself
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    "require-trusted-types-for": ["'script'"],
    "trusted-types": ["htmx"],
}
SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_REFERRER_POLICY = "same-origin"
SECURE_REDIRECT_EXEMPT = [r"^health/"]
X_FRAME_OPTIONS = "DENY"

# --- cookies, sessions, who somebody is --------------------------------------------------------------------------------------
SESSION_ENGINE = "core.sessions"  # in PostgreSQL: with Redis dead, sign-in works
SESSION_COOKIE_NAME = "__Host-session" if SECURE else "session"
SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = int(timedelta(days=30).total_seconds())
SESSION_SHARED_AGE = int(timedelta(hours=12).total_seconds())  # on a shared computer
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE else "csrf"
CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
CSRF_FAILURE_VIEW = "core.middleware.forged"
WALL_COOKIE_NAME = "__Host-wall" if SECURE else "wall"  # a shared screen that knows a meeting's code
VISITOR_COOKIE_NAME = "__Host-visitor" if SECURE else "visitor"  # somebody who came by a meeting's link
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

AUTH_USER_MODEL = "teams.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"

# --- what is installed -------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "learning",
    "meetings",
    "teams",
    "core",
    "django_htmx",
    "allauth",
    "allauth.account",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"],
                )
            ],
            "builtins": ["core.templatetags.ui", "django.templatetags.i18n", "django.templatetags.static"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# --- the rows ----------------------------------------------------------------------------------------------------------------
# A PostgreSQL that vanished without a word is given up within seconds, by whoever waits for it.
_patience = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}
# A statement that a lasting connection has asked twice is prepared there: half of PostgreSQL's work at a click was to plan it anew
# (docs/decisions/0012-speed.md). Not through a pool that gives each transaction another connection (docs/operations.md).
_prepared = {
    "server_side_binding": True,
    "prepare_threshold": 2 if env.bool("DATABASE_PREPARED", default=True) else None,
}
_app = env.db_url("DATABASE_URL", engine="core.database")
_owner = env.db_url("DATABASE_OWNER_URL", default=env.str("DATABASE_URL"), engine="django.db.backends.postgresql")
DATABASES = {
    # The app role owns nothing and is held by row-level security; it serves. The owner role migrates.
    "default": {
        **_app,
        "ATOMIC_REQUESTS": True,
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**_app.get("OPTIONS", {}), **_patience, **_prepared},
        "TEST": {"MIRROR": "owner"},
    },
    "owner": {**_owner, "CONN_MAX_AGE": 0, "TEST": {"DEPENDENCIES": []}},  # `default` mirrors it in tests
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SILENCED_SYSTEM_CHECKS = ["auth.W004"]  # e-mail is unique, whatever its case, by a constraint of the database
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}}
REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")  # haste: the live channel and Celery's broker

# --- letters -----------------------------------------------------------------------------------------------------------------
EMAIL_URL = env.str("EMAIL_URL", default="smtp://127.0.0.1:25")
MAIL_FROM = env.str("MAIL_FROM", default="Keeping in Mind <learning@localhost>")
BOUNCES_URL = env.str("BOUNCES_URL", default="")  # where letters come back to: imaps://user:password@host/INBOX

# --- sign-in -----------------------------------------------------------------------------------------------------------------
ACCOUNT_ADAPTER = "teams.views.sign_in.Adapter"
ACCOUNT_FORMS = {
    "request_login_code": "teams.forms.sign_in.AddressForm",
    "confirm_login_code": "teams.forms.sign_in.CodeForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # the code itself proves the address
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # whoever isn't known gets no letter
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600  # seconds
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 3
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = 3  # times
ACCOUNT_LOGIN_BY_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
ACCOUNT_LOGIN_TIMEOUT = 3600  # seconds
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_RATE_LIMITS = {  # beside allauth's own; one hospital is one address with many people behind it
    "request_login_code": "60/m/ip,3/m/key,12/h/key",
    "wall": "20/m/ip",
    "visit": "20/m/ip",
    "visitor_words": "12/m/key,120/h/key",
}
ALLAUTH_TRUSTED_PROXY_COUNT = env.int(
    "TRUSTED_PROXIES", default=0
)  # else all who come through one share its address, and its limit

# --- words and time ----------------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", _("British English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = (
    BASE_DIR / "locale"
).is_dir()  # a translation switches it on; until then nobody looks one up, a tenth of a page's time
TIME_ZONE = "Europe/London"
USE_TZ = True

# --- static files ------------------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / ".static")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": env.str("STATIC_STORAGE", default="whitenoise.storage.CompressedManifestStaticFilesStorage")
    },
}
WHITENOISE_USE_FINDERS = env.bool("STATIC_FROM_SOURCE", default=False)

# --- what is told --------------------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}
