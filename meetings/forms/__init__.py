"""Plain forms to clean values."""
