"""A pytest plugin (`-p tests.servers`): throwaway PostgreSQL and Redis for one run, started before Django reads its settings."""

import contextlib
import os
import signal

import pytest

from config.embedded import for_tests

signal.signal(signal.SIGTERM, signal.default_int_handler)  # a run that is told to stop ends its servers too
_servers = contextlib.ExitStack()
os.environ.update(_servers.enter_context(for_tests()))
os.environ.update(
    SECRET_KEY="only for the tests",
    DEMO="",
    STATIC_STORAGE="django.contrib.staticfiles.storage.StaticFilesStorage",
    STATIC_FROM_SOURCE="1",
    EMAIL_URL="smtp://127.0.0.1:9",
)


def pytest_unconfigure(config: pytest.Config) -> None:
    """The servers end with the run."""
    _servers.close()
