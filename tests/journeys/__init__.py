"""Journeys: what a person does, in the real window, on SQLite and PostgreSQL."""
