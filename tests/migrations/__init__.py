"""Tests of the revisions below alembic/."""
