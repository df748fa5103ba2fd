"""A role of a server that has to give a password."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from desk.database.profiles import Profile, profile_of
from tests.support.told import SENTINEL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.postgres import Server

GRANTS = (
    "GRANT USAGE ON SCHEMA desk TO {}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA desk TO {}",
)


@contextmanager
def clerk_of(server: Server, url: str) -> Iterator[Profile]:
    """A profile of a role that may use the catalogue at `url`, with SENTINEL as its password; skips without scram."""
    database = str(make_url(url).database)
    name = f"clerk_{database}"
    role = sql.Identifier(name)
    with server.connect(database) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(SENTINEL)))
        for grant in GRANTS:
            connection.execute(sql.SQL(grant).format(role))
    try:
        profile, _password = profile_of(server.url(database, user=name, password="-"))
        if lets_in(profile):
            pytest.skip("this server asks for no password")
        yield profile
    finally:
        with server.connect(database) as connection:
            connection.execute(sql.SQL("DROP OWNED BY {}").format(role))
            connection.execute(sql.SQL("DROP ROLE {}").format(role))


def lets_in(profile: Profile) -> bool:
    """Whether the server takes a wrong password."""
    try:
        psycopg.connect(profile.target, password="wrong-one", connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
