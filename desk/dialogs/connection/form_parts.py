"""What the forms of a connection share: labels that lead to fields, sentences below them, pages that scroll."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from desk.panels.parts import dim


def below(field: QWidget, told: QLabel) -> QVBoxLayout:
    """A field with a sentence close below it."""
    column = QVBoxLayout()
    column.setSpacing(2)
    column.addWidget(field)
    column.addWidget(told)
    return column


def sentence(text: str) -> QLabel:
    """A quiet sentence about a field."""
    label = QLabel(text)
    label.setWordWrap(True)
    dim(label)
    return label


def buddy_label(text: str, field: QWidget) -> QLabel:
    """A label whose mnemonic leads to a field."""
    label = QLabel(text)
    label.setBuddy(field)
    return label


def form_on(page: QWidget) -> QFormLayout:
    """A form at the top of a page; what room is left stays below it."""
    column = QVBoxLayout(page)
    form = QFormLayout()
    form.setLabelAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    column.addLayout(form)
    column.addStretch(1)
    return form


def scrolled(inside: QWidget, object_name: str) -> QScrollArea:
    """A page that scrolls where the window is too low for it, and never to the side."""
    area = QScrollArea()
    area.setObjectName(object_name)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(inside)
    return area
