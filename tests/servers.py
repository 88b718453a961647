"""A pytest plugin (`-p tests.servers`): throwaway PostgreSQL and Redis for one run, started before Django reads its settings."""

import contextlib
import os
import signal

import pytest

from config.embedded import for_tests

signal.signal(signal.SIGTERM, signal.default_int_handler)  # a run that is told to stop ends its servers too
_servers = contextlib.ExitStack()
# Of two workers each has servers of its own: on one Redis they would hear each other's meetings. What the process that
# started them was given by us, they don't take over.
for _name in os.environ.pop("SERVERS_STARTED", "").split():
    os.environ.pop(_name, None)
_ours = dict(_servers.enter_context(for_tests()))
os.environ["SERVERS_STARTED"] = " ".join(name for name in _ours if name not in os.environ)
os.environ.update(_ours)
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
