"""Frozen pictures of the machinery, as panels draw them: the pool, its holders, the cost of an action."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HolderSnapshot:
    """Who has a connection: `age` in seconds, `statement` the last one sent ('' for none yet)."""

    action: str
    number: int
    thread: str
    age: float
    statement: str
    in_transaction: bool


@dataclass(frozen=True, slots=True)
class PoolSnapshot:
    """The pool at the monotonic time `at` (seconds).

    `size` connections are kept, `limit` is the most that can be out at once (size + overflow); `overflow` counts those
    beyond `size` that exist now; `waiting` are actions that ask for a connection and have none; `opened`, `closed` and
    `timeouts` count since the catalogue was opened; `status` is SQLAlchemy's own `pool.status()`.
    """

    at: float
    size: int
    limit: int
    checked_out: int
    idle: int
    overflow: int
    waiting: int
    opened: int
    closed: int
    timeouts: int
    holders: tuple[HolderSnapshot, ...]
    status: str

    @property
    def use(self) -> float:
        """The share of the limit that is out, 0 to 1."""
        return self.checked_out / self.limit if self.limit else 0.0

    @property
    def open_transactions(self) -> int:
        return sum(holder.in_transaction for holder in self.holders)


@dataclass(frozen=True, slots=True)
class Cost:
    """What an action cost: wall time in milliseconds, statements sent, connections checked out."""

    label: str
    ms: float
    statements: int
    checkouts: int
