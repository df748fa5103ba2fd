"""The application, for faults that a grid or a window has to survive, and the window of the journeys."""

from __future__ import annotations

from tests.journeys.conftest import _sample_database, _sample_file, colleague, desk, sample_target
from tests.support.window import application

__all__ = ["_sample_database", "_sample_file", "application", "colleague", "desk", "sample_target"]
