"""Indexes for orders of two columns: language + title, year + title, author + year.

The first two also serve the orders by language and by year alone, so the indexes that only did that go.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NARROW = (("language", "id"), ("published_year", "id"))
WIDE = (("language", "title_key", "id"), ("published_year", "title_key", "id"), ("author_id", "published_year", "id"))


def upgrade() -> None:
    for columns in WIDE:
        op.create_index(_name(columns), "books", list(columns))
    for columns in NARROW:
        op.drop_index(_name(columns), "books")


def downgrade() -> None:
    for columns in NARROW:
        op.create_index(_name(columns), "books", list(columns))
    for columns in WIDE:
        op.drop_index(_name(columns), "books")


def _name(columns: tuple[str, ...]) -> str:
    return f"ix_books_{'_'.join(columns)}"
