"""The lines of the list of connections: what is kept, what is typed over it, and what would be lost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from desk.database.profiles import COLOURS, Profile
from desk.dialogs.connection.connection_entry import Entry
from desk.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from desk.operations.profiles import DamagedProfile

BLANK = Entry(Profile(""))


@dataclass(slots=True, eq=False)
class Row:
    """One line: a connection as it is kept or was opened (`entry`), and as it was left half-typed (`draft`).

    `shown` is the entry as the form reads it, None before it was shown; `damaged` is a file instead of a connection.
    """

    entry: Entry
    draft: Entry | None = None
    shown: Entry | None = None
    is_new: bool = False
    damaged: DamagedProfile | None = None

    @property
    def is_kept(self) -> bool:
        return bool(self.entry.profile.id)

    def is_of(self, profile: Profile) -> bool:
        """Whether this is the line of a connection: of one that is kept by its id, of another by where it leads."""
        known = self.entry.profile
        return (
            self.damaged is None
            and not self.is_new
            and (known.id, known.id or known.target)
            == (
                profile.id,
                profile.id or profile.target,
            )
        )

    @property
    def is_unsaved(self) -> bool:
        """Whether closing would lose something; a password that shall not be kept is not waiting to be saved."""
        if self.draft is None:
            return False
        keeps = self.draft.profile.keeps_password
        return self.shown is None or _savable(self.draft, keeps=keeps) != _savable(self.shown, keeps=keeps)

    @property
    def current(self) -> Entry:
        """The connection as it would be opened now."""
        return self.draft or self.entry

    @property
    def title(self) -> str:
        if self.damaged is not None:
            return self.damaged.path.name
        profile = self.current.profile
        return profile.title if profile.target or profile.name else _("New connection")

    @property
    def place(self) -> str:
        """Where it leads to; of a damaged file, why it cannot be read."""
        if self.damaged is not None:
            return self.damaged.reason
        profile = self.current.profile
        return (profile.account if profile.is_server else profile.target) or _("not filled in yet")

    @property
    def told(self) -> str:
        """The line as a screen reader says it."""
        if self.damaged is not None:
            return _("{name}: damaged: {reason}").format(name=self.title, reason=self.place)
        profile = self.current.profile
        parts = [self.title, _("server") if profile.is_server else _("file"), self.place]
        if profile.colour:
            parts.append(COLOURS.get(profile.colour, profile.colour))
        if profile.read_only:
            parts.append(_("read-only"))
        if self.is_unsaved:
            parts.append(_("not saved"))
        return ", ".join(parts)


def merged(before: Iterable[Row], loaded: Iterable[Row]) -> list[Row]:
    """The rows that were loaded, with what was typed before: new ones on top, drafts with their connections."""
    rows = list(loaded)
    new: list[Row] = []
    for old in before:
        if old.draft is None and not old.is_new:
            continue
        same = next((row for row in rows if not old.is_new and row.is_of(old.entry.profile)), None)
        if same is None:
            new.append(old)
        else:
            same.draft = old.draft
    return [*new, *rows]


def copy_of(entry: Entry) -> Entry:
    """The same connection, to be kept beside the first."""
    profile = entry.profile
    return replace(entry, profile=replace(profile, id="", name=_("{title} (copy)").format(title=profile.title)))


def with_id(entry: Entry, profile_id: str) -> Entry:
    """The same connection under the id that it is kept under by now."""
    return replace(entry, profile=replace(entry.profile, id=profile_id))


def _savable(entry: Entry, *, keeps: bool) -> Entry:
    return entry if keeps else replace(entry, password="")
