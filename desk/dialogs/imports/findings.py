"""A list of what was found in a file, in groups: rejected rows with their lines, names that may be duplicates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem

from desk.catalog.values import format_text
from desk.i18n import _, ngettext
from desk.panels.parts import named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget

    from desk.operations.imports.import_figures import Found

TEXT_SHOWN = 300
"""Characters of a text that are drawn."""
GAP, WIDEST = 24, 260


@dataclass(frozen=True, slots=True)
class Group:
    """A heading, and its lines of two texts; `more` is how many are not listed."""

    heading: str
    lines: tuple[tuple[str, str], ...]
    more: int = 0


class FindingsTree(QTreeWidget):
    """Shows groups of findings; an empty one is left out."""

    def __init__(self, object_name: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, object_name, title)
        self.setHeaderHidden(True)
        self.setColumnCount(2)
        self.setUniformRowHeights(True)
        self.setAlternatingRowColors(True)
        self.setTabKeyNavigation(False)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self.header().setStretchLastSection(True)

    def show_groups(self, groups: Sequence[Group]) -> None:
        """Shows the groups that hold something, the first one open."""
        self.clear()
        for group in groups:
            if group.lines:
                self._add(group)
        names = [line[0] for group in groups for line in group.lines]
        widest = max((self.fontMetrics().horizontalAdvance(name[:TEXT_SHOWN]) for name in names), default=0)
        self.setColumnWidth(0, min(widest + 2 * self.indentation() + GAP, WIDEST))

    @property
    def is_empty(self) -> bool:
        return self.topLevelItemCount() == 0

    def _add(self, group: Group) -> None:
        top = QTreeWidgetItem([group.heading])
        self.addTopLevelItem(top)
        top.setFirstColumnSpanned(True)
        for texts in group.lines:
            item = QTreeWidgetItem(top, [format_text(text[:TEXT_SHOWN]) for text in texts])
            item.setToolTip(1, format_text(texts[1]))
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
        if group.more:
            QTreeWidgetItem(top, [_("… and {count:,} more").format(count=group.more)])
        top.setExpanded(self.topLevelItemCount() == 1)


def rejected_group(rejected: Found[tuple[int, str]], *, of_authors: bool = False) -> Group:
    """The rejected rows: line and reason."""
    count = rejected.count
    heading = (
        ngettext("{count:,} rejected row of the authors", "{count:,} rejected rows of the authors", count)
        if of_authors
        else ngettext("{count:,} rejected row", "{count:,} rejected rows", count)
    )
    return Group(
        heading.format(count=count),
        tuple((_("line {line:,}").format(line=line), reason) for line, reason in rejected.first),
        count - len(rejected.first),
    )


def doubles_group(doubles: Found[tuple[str, str]]) -> Group:
    """The names that may be the same person: a new one, and the other."""
    heading = ngettext(
        "{count:,} new author may be there already (the names differ in case, accents or years only)",
        "{count:,} new authors may be there already (the names differ in case, accents or years only)",
        doubles.count,
    )
    return Group(heading.format(count=doubles.count), doubles.first, doubles.count - len(doubles.first))
