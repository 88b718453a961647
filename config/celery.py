"""The Celery app and its whole timetable. The truth of what is due is rows in PostgreSQL; the queue is only haste."""

import os

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("keeping-in-mind")
app.conf.update(
    broker_url=settings.REDIS_URL,
    broker_connection_retry_on_startup=True,
    broker_connection_timeout=2,
    broker_transport_options={
        "visibility_timeout": 300,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "health_check_interval": 10,
    },
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    task_time_limit=120,
    task_soft_time_limit=90,
    timezone="UTC",
    beat_schedule={
        # what                       which task                              how often (seconds)
        "letters that are due": {"task": "teams.tasks.drain_letters", "schedule": 5.0, "options": {"expires": 10}},
        "what the clock asks": {"task": "teams.tasks.keep_time", "schedule": 10.0, "options": {"expires": 20}},
    },
)
app.autodiscover_tasks(["teams", "meetings", "learning"])
