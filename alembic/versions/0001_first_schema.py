"""The first schema: authors, books, contributions and the catalogue's identity.

Revision ID: 0001
Revises:
"""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY_VERSION = 1


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    ids = sa.Integer() if sqlite else sa.BigInteger()
    byte_text = sa.Text() if sqlite else sa.Text(collation="C")
    price = sa.BigInteger() if sqlite else sa.Numeric(12, 2)
    moment = sa.String(26) if sqlite else sa.DateTime(timezone=True)
    now = sa.text("(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')" if sqlite else "CURRENT_TIMESTAMP")

    op.create_table(
        "authors",
        sa.Column("id", ids, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", byte_text, nullable=False),
        sa.Column("birth_year", sa.Integer()),
        sa.Column("death_year", sa.Integer()),
        sa.Column("notes", sa.Text()),
        sa.Column("created_at", moment, server_default=now, nullable=False),
        sa.Column("updated_at", moment, server_default=now, nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_authors"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "books",
        sa.Column("id", ids, autoincrement=True, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("title_key", byte_text, nullable=False),
        sa.Column("author_id", ids),
        sa.Column("isbn", byte_text),
        sa.Column("published_year", sa.Integer()),
        sa.Column("language", byte_text),
        sa.Column("price", price),
        sa.Column("notes", sa.Text()),
        sa.Column("created_at", moment, server_default=now, nullable=False),
        sa.Column("updated_at", moment, server_default=now, nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_books"),
        sa.ForeignKeyConstraint(["author_id"], ["authors.id"], name="fk_books_author_id_authors"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "contributions",
        sa.Column("book_id", ids, nullable=False),
        sa.Column("author_id", ids, nullable=False),
        sa.Column("role", sa.Text(), server_default="author", nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("book_id", "author_id", "role", name="pk_contributions"),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name="fk_contributions_book_id_books", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["author_id"], ["authors.id"], name="fk_contributions_author_id_authors"),
    )
    meta = op.create_table(
        "desk_meta",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("catalogue", sa.Uuid(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_desk_meta"),
    )
    for table, columns in (
        ("authors", ("name_key", "birth_year", "death_year", "updated_at")),
        ("books", ("title_key", "published_year", "isbn", "language", "price", "updated_at")),
    ):
        for column in columns:
            op.create_index(f"ix_{table}_{column}_id", table, [column, "id"])
    op.create_index("ix_books_author_id_title_key_id", "books", ["author_id", "title_key", "id"])
    op.create_index("ix_contributions_author_id_book_id", "contributions", ["author_id", "book_id"])
    op.bulk_insert(meta, [{"id": 1, "catalogue": uuid.uuid4(), "key_version": KEY_VERSION}])


def downgrade() -> None:
    for table in ("desk_meta", "contributions", "books", "authors"):
        op.drop_table(table)
