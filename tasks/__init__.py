"""Celery tasks: small bodies that load by id, call one function, and store."""
