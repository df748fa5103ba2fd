"""The ORM models of the catalogue and the types that store its values exactly on both databases.

Every relationship is `lazy="raise"`: a load that no query asked for by name is an error, not a silent statement.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Text,
    TypeDecorator,
    Uuid,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column, relationship, validates
from sqlalchemy.sql.expression import FunctionElement

from desk.catalog import keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Dialect
    from sqlalchemy.sql.compiler import SQLCompiler
    from sqlalchemy.types import TypeEngine

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

CENTS = Decimal(100)
_from_iso = datetime.fromisoformat


class Price(TypeDecorator[Decimal]):
    """An exact price of two decimals: NUMERIC(12, 2) on PostgreSQL, whole cents on SQLite."""

    impl = Numeric(12, 2)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else Numeric(12, 2))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if not isinstance(value, Decimal) or dialect.name != "sqlite":
            return value
        return int((value * CENTS).to_integral_exact())

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """A stored value that is no price comes back as it is: one bad cell must not fail a page."""
        return _price_of(value) if dialect.name == "sqlite" else value

    def read_all(self, values: Sequence[Any], dialect: Dialect) -> Sequence[Any]:
        """The same for the values of a column; None stays None."""
        return list(map(_price_of, values)) if dialect.name == "sqlite" else values


class UtcTime(TypeDecorator[datetime]):
    """A moment in UTC: TIMESTAMP WITH TIME ZONE on PostgreSQL, sortable ISO text of microseconds on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String(26) if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if not isinstance(value, datetime) or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """A stored value that is no moment (infinity, a BC date, other text) comes back as it is."""
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        if not isinstance(value, str) or dialect.name != "sqlite":
            return value
        try:
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        except ValueError:
            return value

    def read_all(self, values: Sequence[Any], dialect: Dialect) -> Sequence[Any]:
        """The same for the values of a column; None stays None."""
        try:
            if dialect.name == "sqlite":
                return [_from_iso(value + "+00:00") for value in values]
            return [value.astimezone(UTC) for value in values]
        except (AttributeError, TypeError, ValueError):  # not all of them are moments
            return [None if value is None else self.process_result_value(value, dialect) for value in values]


@lru_cache(maxsize=4096, typed=True)
def _price_of(value: Any) -> Any:
    """The price of so many cents; anything else as it is."""
    return Decimal(value).scaleb(-2) if isinstance(value, int) else value


class utc_now(FunctionElement[datetime]):  # noqa: N801  (an SQL function is written like one)
    """The server's time: the same moment for a whole transaction on PostgreSQL."""

    type = UtcTime()
    inherit_cache = True


@compiles(utc_now, "postgresql")
def _now_on_postgresql(element: utc_now, compiler: SQLCompiler, **_options: Any) -> str:
    return "CURRENT_TIMESTAMP"


@compiles(utc_now, "sqlite")
def _now_on_sqlite(element: utc_now, compiler: SQLCompiler, **_options: Any) -> str:
    return "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"


BYTE_TEXT = Text().with_variant(Text(collation="C"), "postgresql")
"""Text compared byte by byte on both databases."""

KEEP_IDS = {"sqlite_autoincrement": True}


def _sorting_indexes(*columns: str) -> Iterator[Index]:
    """One index for each sortable column, ending in the id as the tie-breaker."""
    return (Index(None, column, "id") for column in columns)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


class Record(Base):
    """What authors and books have in common; `version` is raised by every change that Desk commits.

    Ids are never reused, so a stale edit cannot hit a newer record.
    """

    __abstract__ = True

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805  (SQLAlchemy passes the class)
        return {"version_id_col": cls.version}

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True, sort_order=-1
    )
    created_at: Mapped[datetime] = mapped_column(UtcTime(), server_default=utc_now(), sort_order=1)
    updated_at: Mapped[datetime] = mapped_column(UtcTime(), server_default=utc_now(), onupdate=utc_now(), sort_order=1)
    version: Mapped[int] = mapped_column(Integer, server_default="1", sort_order=1)


class Author(Record):
    """A person or body that books are entered under."""

    __tablename__ = "authors"
    __table_args__ = (*_sorting_indexes("name_key", "birth_year", "death_year", "updated_at"), KEEP_IDS)

    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(BYTE_TEXT)
    birth_year: Mapped[int | None] = mapped_column(Integer)
    death_year: Mapped[int | None] = mapped_column(Integer)
    notes: Mapped[str | None] = mapped_column(Text)

    books: Mapped[list[Book]] = relationship(back_populates="author", lazy="raise", passive_deletes="all")
    contributions: Mapped[list[Contribution]] = relationship(
        back_populates="author", lazy="raise", passive_deletes="all"
    )

    @validates("name")
    def _keep_key(self, _field: str, name: str) -> str:
        self.name_key = keys.author_key(name)
        return name


class Book(Record):
    """A book under its main entry; without an author it is an anonymous work."""

    __tablename__ = "books"
    __table_args__ = (
        *_sorting_indexes("title_key", "isbn", "price", "updated_at"),
        Index(None, "published_year", "title_key", "id"),
        Index(None, "language", "title_key", "id"),
        Index(None, "author_id", "title_key", "id"),
        Index(None, "author_id", "published_year", "id"),
        KEEP_IDS,
    )

    title: Mapped[str] = mapped_column(Text)
    title_key: Mapped[str] = mapped_column(BYTE_TEXT)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("authors.id"))
    isbn: Mapped[str | None] = mapped_column(BYTE_TEXT)
    published_year: Mapped[int | None] = mapped_column(Integer)
    language: Mapped[str | None] = mapped_column(BYTE_TEXT)
    price: Mapped[Decimal | None] = mapped_column(Price())
    notes: Mapped[str | None] = mapped_column(Text)

    author: Mapped[Author | None] = relationship(back_populates="books", lazy="raise")
    contributions: Mapped[list[Contribution]] = relationship(
        back_populates="book",
        lazy="raise",
        order_by="Contribution.position, Contribution.author_id, Contribution.role",
        passive_deletes=True,
    )

    @validates("title", "language")
    def _keep_key(self, field: str, value: str | None) -> str | None:
        title = value if field == "title" else self.title
        language = value if field == "language" else self.language
        if title is not None:
            self.title_key = keys.title_key(title, language)
        return value


class Contribution(Base):
    """An added entry: someone else who had a part in a book. Positions order them and may repeat."""

    __tablename__ = "contributions"
    __table_args__ = (Index(None, "author_id", "book_id"),)

    book_id: Mapped[int] = mapped_column(ForeignKey("books.id", ondelete="CASCADE"), primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"), primary_key=True)
    role: Mapped[str] = mapped_column(Text, primary_key=True, server_default="author")
    position: Mapped[int] = mapped_column(Integer)

    book: Mapped[Book] = relationship(back_populates="contributions", lazy="raise")
    author: Mapped[Author] = relationship(back_populates="contributions", lazy="raise")


class Meta(Base):
    """One row: the identity of this catalogue and the version of its keys."""

    __tablename__ = "desk_meta"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    catalogue: Mapped[Any] = mapped_column(Uuid())
    key_version: Mapped[int] = mapped_column(Integer)
