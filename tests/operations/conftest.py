"""What several tests of operations look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.expected import Everything, everything

if TYPE_CHECKING:
    from desk.operations.connect import OpenCatalogue


@pytest.fixture(scope="session")
def known(shared_catalogue: OpenCatalogue) -> Everything:
    """All records of the shared catalogue."""
    return everything(shared_catalogue)
