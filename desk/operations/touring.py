"""What the tour does behind the window: a catalogue of its own, a colleague who changes it, and the clearing away."""

from __future__ import annotations

import secrets
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import update
from sqlalchemy.orm import Session
from sqlalchemy.schema import DropSchema

from desk.catalog.models import Book
from desk.database import engines, migrations, targets
from desk.operations import connect
from desk.operations.sample import fill_sample, restore_sample

if TYPE_CHECKING:
    from pathlib import Path


def prepare_tour(*, target: str | None, folder: Path) -> str:
    """The place of a catalogue that holds the sample: a file in `folder`, or a fresh schema on a server."""
    if target is None:
        path = folder / "tour.desk"
        restore_sample(path=path)
        return str(path)
    url = targets.target_url(target)
    if targets.sqlite_file(url) is not None:
        return prepare_tour(target=None, folder=folder)
    own = url.update_query_dict({"schema": f"desk_tour_{secrets.token_hex(4)}"})
    place = own.render_as_string(hide_password=False)
    migrations.upgrade(own)
    catalogue = connect.open_catalogue(target=place)
    try:
        fill_sample(sessions=catalogue.sessions)
    finally:
        catalogue.close()
    return place


def change_elsewhere(*, place: str, title: str, price: str) -> None:
    """A colleague's program changes the price of a book, on a connection of its own, and leaves `version` alone."""
    with engines.passing_engine(targets.target_url(place)) as engine, Session(engine) as session:
        session.connection(execution_options={engines.WRITE: True})
        books = Book.__table__.c
        session.execute(
            update(Book.__table__).where(books.title == title).values(price=Decimal(price))  # type: ignore[arg-type]
        )
        session.commit()


def clean_up_tour(*, target: str | None, place: str) -> None:
    """Drops the schema that the tour made on a server; a file goes with its folder."""
    url = targets.target_url(place)
    if target is None or targets.sqlite_file(url) is not None:
        return
    with engines.passing_engine(url) as engine, engine.begin() as connection:
        connection.execute(DropSchema(targets.schema_of(url), cascade=True))
