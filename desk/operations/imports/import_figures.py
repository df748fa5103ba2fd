"""The figures of an import and of its forecast: how much there is, and the first hundred of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

SHOWN = 100

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import is: records read, those rejected, and the share of the files (0 to 1)."""

    records: int
    rejected: int
    fraction: float


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """How often something was met, and the first hundred of it."""

    count: int = 0
    first: tuple[T, ...] = ()


@dataclass(slots=True)
class Counter(Generic[T]):
    """Counts, and keeps the first hundred."""

    count: int = 0
    first: list[T] = field(default_factory=list)

    def add(self, one: T) -> None:
        self.count += 1
        if self.count <= SHOWN:
            self.first.append(one)

    def found(self) -> Found[T]:
        return Found(self.count, tuple(self.first))
