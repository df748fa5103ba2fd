"""A selection of cells in a view, by position: it says nothing of what is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle of cells, all four ends included: positions in the view and places among the grid's columns."""

    first: int
    last: int
    left: int
    right: int

    def holds(self, position: int, section: int) -> bool:
        return self.first <= position <= self.last and self.left <= section <= self.right


@dataclass(frozen=True, slots=True)
class Run:
    """Successive rows, both ends included, in which the same columns are selected."""

    first: int
    last: int
    sections: frozenset[int]


@dataclass(frozen=True, slots=True)
class Selection:
    """The selected blocks; none of them is empty."""

    blocks: tuple[Block, ...]

    @property
    def stretches(self) -> tuple[tuple[int, int], ...]:
        """The runs of positions in which any cell is selected, in order, without overlap."""
        runs: list[tuple[int, int]] = []
        for block in sorted(self.blocks, key=lambda one: one.first):
            if runs and block.first <= runs[-1][1] + 1:
                runs[-1] = (runs[-1][0], max(runs[-1][1], block.last))
            else:
                runs.append((block.first, block.last))
        return tuple(runs)

    @property
    def positions(self) -> Iterator[int]:
        """The rows in which any cell is selected, one by one, in order."""
        for first, last in self.stretches:
            yield from range(first, last + 1)

    @property
    def runs(self) -> tuple[Run, ...]:
        """The rows in which any cell is selected, in order, without overlap."""
        starts = sorted(self.blocks, key=lambda one: one.first)
        cuts = sorted({one.first for one in starts} | {one.last + 1 for one in starts})
        found: list[Run] = []
        open_blocks: list[Block] = []
        taken = 0
        for first, end in pairwise(cuts):
            while taken < len(starts) and starts[taken].first == first:
                open_blocks.append(starts[taken])
                taken += 1
            open_blocks = [one for one in open_blocks if one.last >= first]
            sections = frozenset(section for one in open_blocks for section in range(one.left, one.right + 1))
            if sections:
                found.append(Run(first, end - 1, sections))
        return tuple(found)

    @property
    def sections(self) -> range:
        """The columns from the leftmost to the rightmost selected one."""
        if not self.blocks:
            return range(0)
        return range(min(one.left for one in self.blocks), max(one.right for one in self.blocks) + 1)

    @property
    def rows(self) -> int:
        """How many rows any selected cell lies in."""
        return sum(last - first + 1 for first, last in self.stretches)

    def holds(self, position: int, section: int) -> bool:
        return any(block.holds(position, section) for block in self.blocks)

    def moved(self, by: int) -> Selection:
        """The selection `by` positions further; what comes before the start of the view is left out."""
        moved = (Block(max(0, one.first + by), one.last + by, one.left, one.right) for one in self.blocks)
        return Selection(tuple(block for block in moved if block.last >= 0))
