"""Remembers how the columns of each grid are laid out: read once before the first rows, kept after every change and,
where that did not come to its end, when the window closes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desk.i18n import _
from desk.work import door
from desk.work.runner import Rank

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from desk.catalog.grid_layout import GridLayout
    from desk.panels.browser import Browser
    from desk.panels.context import Context


class RememberedLayouts(QObject):
    """The layouts of one window's grids."""

    def __init__(self, browsers: Mapping[str, Browser], context: Context) -> None:
        super().__init__(context)
        self._browsers = browsers
        self._context = context
        self._changed: dict[str, GridLayout] = {}
        self._kept: dict[str, GridLayout] = {}
        for table, browser in browsers.items():
            browser.grid.layout_changed.connect(partial(self._keep, table))
        context.runner.submit(_("Read the layouts"), door.load_layouts, done=self._apply, arguments={})

    def last_words(self) -> Callable[[], None] | None:
        """What keeps the layouts that were changed and are not kept yet, for a worker; None when all are."""
        for browser in self._browsers.values():
            browser.grid.settle_layout()
        left = {table: layout for table, layout in self._changed.items() if self._kept.get(table) != layout}
        return partial(_keep_all, left) if left else None

    def _apply(self, layouts: Mapping[str, GridLayout]) -> None:
        for table, layout in layouts.items():
            if table in self._browsers and table not in self._changed:
                self._browsers[table].grid.apply_layout(layout)

    def _keep(self, table: str, layout: GridLayout) -> None:
        self._changed[table] = layout
        self._context.runner.submit(
            _("Keep a layout"),
            door.save_layout,
            channel=f"layout-{table}",
            done=partial(self._on_kept, table, layout),
            rank=Rank.BEHIND,
            arguments={"table": table, "layout": layout},
        )

    def _on_kept(self, table: str, layout: GridLayout, _nothing: None) -> None:
        self._kept[table] = layout


def _keep_all(layouts: Mapping[str, GridLayout]) -> None:
    for table, layout in layouts.items():
        door.save_layout(table=table, layout=layout)
