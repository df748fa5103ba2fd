"""The form of the pool: how many connections are kept, how long things may take, and why each default is what it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QDoubleSpinBox, QGridLayout, QLabel, QPushButton, QSizePolicy, QWidget

from desk.database.profiles import PoolSettings
from desk.i18n import _
from desk.panels.parts import dim, named

DEFAULTS = PoolSettings()


@dataclass(frozen=True, slots=True)
class PoolField:
    """One setting: `zero` is what 0 means ('' where 0 is a number as any other), `why` one sentence for its default."""

    name: str
    title: str
    why: str
    lowest: int = 0
    highest: int = 86_400
    unit: str = " s"
    zero: str = ""
    decimals: int = 3


FIELDS: tuple[PoolField, ...] = (
    PoolField("size", _("Si&ze"), _("More than one window uses at a time."), 1, 100, "", "", 0),
    PoolField("overflow", _("Over&flow"), _("Room for a burst; these are closed after use."), 0, 100, "", "", 0),
    PoolField(
        "timeout", _("W&ait at most"), _("An error soon is better than a wait without end."), zero=_("does not wait")
    ),
    PoolField(
        "recycle", _("Rec&ycle after"), _("Firewalls forget links that are idle for longer."),
        zero=_("never"), decimals=0,
    ),
    PoolField("pre_ping", _("Check before &use"), _("A link that died while idle is replaced before anyone sees it.")),
    PoolField(
        "statement_timeout", _("State&ment time-out"), _("A long search may be wanted, and can be cancelled."),
        zero=_("no limit"),
    ),
    PoolField(
        "lock_timeout", _("&Lock time-out"), _("Whoever holds a lock longer than that has forgotten it."),
        zero=_("no limit"),
    ),
    PoolField(
        "idle_in_transaction_timeout", _("I&dle transaction time-out"),
        _("A Desk that hangs must not hold up others."), zero=_("no limit"),
    ),
)  # fmt: skip


class _Number(QDoubleSpinBox):
    """A number without the zeros behind it."""

    def __init__(self, field: PoolField) -> None:
        super().__init__()
        self.setDecimals(field.decimals)
        self.setRange(field.lowest, field.highest)
        self.setSuffix(field.unit)
        self.setSpecialValueText(field.zero)
        self.setMinimumWidth(130)

    def textFromValue(self, value: float) -> str:
        return f"{value:.{self.decimals()}f}".rstrip("0").rstrip(".") if self.decimals() else f"{value:.0f}"

    def wheelEvent(self, event: Any) -> None:
        """Scrolling through the form changes nothing by the way."""
        event.ignore()


class PoolForm(QWidget):
    """`edited` tells that a person changed something."""

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pool_form")
        self.editors: dict[str, _Number | QCheckBox] = {}
        grid = QGridLayout(self)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(2, 1)
        for row, field in enumerate(FIELDS):
            self._add(grid, row, field)
        self.reset = named(QPushButton(_("&Back to the defaults")), "pool_reset", _("Back to the defaults"))
        self.reset.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.reset.clicked.connect(self._on_reset)
        grid.addWidget(self.reset, len(FIELDS), 1, 1, 2)
        grid.setRowStretch(len(FIELDS) + 1, 1)

    @property
    def settings(self) -> PoolSettings:
        """The settings as they stand here."""
        return PoolSettings(**{field.name: self._value(field.name) for field in FIELDS})

    def show_settings(self, settings: PoolSettings) -> None:
        """Shows settings; nothing is told of it."""
        for name, editor in self.editors.items():
            editor.blockSignals(True)
            value = getattr(settings, name)
            if isinstance(editor, QCheckBox):
                editor.setChecked(value)
            else:
                editor.setValue(value)
            editor.blockSignals(False)

    @Slot()
    def _on_reset(self) -> None:
        self.show_settings(DEFAULTS)
        self.edited.emit()

    def _value(self, name: str) -> Any:
        """In the type that the setting has."""
        editor = self.editors[name]
        if isinstance(editor, QCheckBox):
            return editor.isChecked()
        return type(getattr(DEFAULTS, name))(editor.value())

    def _add(self, grid: QGridLayout, row: int, field: PoolField) -> None:
        title = field.title.replace("&", "")
        editor: _Number | QCheckBox
        if isinstance(getattr(DEFAULTS, field.name), bool):
            editor = named(QCheckBox(_("on")), f"pool_{field.name}", title)
            editor.clicked.connect(self.edited)
        else:
            editor = named(_Number(field), f"pool_{field.name}", title)
            editor.valueChanged.connect(self.edited)
        editor.setAccessibleDescription(told(field))
        self.editors[field.name] = editor
        label = QLabel(field.title)
        label.setBuddy(editor)
        why = QLabel(told(field))
        why.setWordWrap(True)
        dim(why)
        grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(editor, row, 1)
        grid.addWidget(why, row, 2)


def told(field: PoolField) -> str:
    """The default of a setting, and why it is so."""
    default = getattr(DEFAULTS, field.name)
    if isinstance(default, bool):
        shown = _("on") if default else _("off")
    elif not default and field.zero:
        shown = field.zero
    else:
        shown = f"{default:g}{field.unit}"
    return _("Default: {value}. {why}").format(value=shown, why=field.why)
