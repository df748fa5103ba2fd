"""Tests of desk.operations, on SQLite and PostgreSQL."""
