# One image for the web, the worker, beat, the ticker and the migration: docker-compose.yml says which command each runs.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=never \
    PATH=/app/.venv/bin:$PATH \
    STATIC_ROOT=/app/.static

RUN pip install --no-cache-dir uv

WORKDIR /app
COPY pyproject.toml uv.lock .python-version ./
RUN uv sync --locked --no-default-groups --no-cache

COPY . .
# Settings need their addresses even to collect the static files; nothing is connected to here.
RUN SECRET_KEY=only-for-this-step DATABASE_URL=postgres://nobody@127.0.0.1:1/none python manage.py collectstatic --noinput \
    && useradd --system --home-dir /app --no-create-home app \
    && mkdir /state && chown app:app /state

USER app
EXPOSE 8000
CMD ["python", "-m", "uvicorn", "config.asgi:application", "--host", "0.0.0.0", "--port", "8000", \
     "--timeout-graceful-shutdown", "3", "--no-access-log", "--log-level", "warning"]
