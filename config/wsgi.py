"""Django itself, as WSGI: config/asgi.py runs it in fixed threads behind the ASGI shell."""

import os

from django.core.wsgi import get_wsgi_application

import config.celery  # noqa: F401  (so that shared tasks know this house's broker)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
