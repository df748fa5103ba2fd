"""The marks of connections: each colour has a shape of its own, and text can be read on it in both schemes."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QImage

from desk.database.profiles import COLOURS
from desk.tables.look import DARK, LIGHT, profile_colours
from desk.tables.marks import SHAPES, mark_icon

if TYPE_CHECKING:
    from desk.tables.look import Look

NAMES = [name for name in COLOURS if name]
READABLE = 4.5
"""The least contrast of text and its ground (WCAG 2.1, 1.4.3); of a mark and its ground 3 (1.4.11)."""
VISIBLE = 3.0


@pytest.fixture(params=[LIGHT, DARK], ids=["light", "dark"])
def colours(request: pytest.FixtureRequest) -> Look:
    look: Look = request.param
    return look


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.1)."""
    parts = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _parts(colour))
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def _parts(colour: str) -> tuple[float, float, float]:
    made = QColor(colour)
    return made.redF(), made.greenF(), made.blueF()


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def shape(colour: str) -> QImage:
    """Which pixels a mark covers."""
    return mark_icon(colour).pixmap(QSize(24, 24)).toImage().createAlphaMask()


def test_every_colour_has_a_tone_and_a_shape(colours: Look) -> None:
    assert set(profile_colours(colours)) == set(SHAPES) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_text_can_be_read_on_every_tone(colours: Look, name: str) -> None:
    tone = profile_colours(colours)[name]
    assert contrast(tone.back, tone.text) >= READABLE


@pytest.mark.parametrize("name", NAMES)
def test_marks_stand_out_from_the_list(colours: Look, name: str) -> None:
    assert contrast(profile_colours(colours)[name].back, colours.base) >= VISIBLE


def test_no_two_colours_share_a_shape(application: object) -> None:
    for one, other in combinations(NAMES, 2):
        assert shape(one) != shape(other), (one, other)


def test_no_colour_has_no_mark(application: object) -> None:
    assert mark_icon("").isNull()
