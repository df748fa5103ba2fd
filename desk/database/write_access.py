"""Finds out whether a server lets this role write into a catalogue at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from desk.i18n import _

if TYPE_CHECKING:
    from sqlalchemy import Connection

_POWERS = text("""
    SELECT current_user AS role, pg_is_in_recovery() AS is_standby,
        current_setting('default_transaction_read_only')::boolean AS reads_only,
        bool_or(has_any_column_privilege(to_regclass(name), 'INSERT, UPDATE')
            OR has_table_privilege(to_regclass(name), 'DELETE')) AS may_write
    FROM unnest(ARRAY['authors', 'books', 'contributions']) AS tables(name)
""")


def why_reading_only(connection: Connection) -> str:
    """Why nothing can be written through a connection ('' where something can be), as the end of a sentence; a file
    says so by how it can be opened."""
    if connection.dialect.name != "postgresql":
        return ""
    powers = connection.execute(_POWERS).one()
    if powers.is_standby:
        return _("the server is a standby, which follows another one")
    if powers.reads_only:
        return _("the server allows reading only here")
    if not powers.may_write:
        return _("the role “{role}” may not change its tables").format(role=powers.role)
    return ""
