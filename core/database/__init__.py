"""Django's PostgreSQL backend with one question less (settings.DATABASES)."""
