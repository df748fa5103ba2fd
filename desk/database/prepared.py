"""Statements that are made once and executed many times: compiled for one dialect, with their parameters by name.

SQLAlchemy finds a statement that it has compiled before by walking through all of it; for the small statements of pages
that costs more than executing them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Executable, Row
    from sqlalchemy.engine import Dialect
    from sqlalchemy.orm import Session
    from sqlalchemy.sql.compiler import SQLCompiler


class Prepared:
    """One statement for one dialect. Values that it was made with are in it; `run` gives those of its parameters.

    Rows come as the driver gives them: types of ours (prices, moments) are not applied to results.
    """

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled: SQLCompiler = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        self.text = str(compiled)
        self._names: Sequence[str] | None = compiled.positiontup
        self._converters: dict[str, Callable[[Any], Any]] = {}
        known = {}
        for bind, name in compiled.bind_names.items():
            convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if convert is not None:
                self._converters[name] = convert
            if not bind.required:
                known[name] = bind.effective_value
        self._known = self._converted(known)

    def parameters(self, **values: Any) -> Any:
        """What the driver is given: a tuple or a dict, as it wants."""
        found = self._known | self._converted(values)
        if self._names is None:
            return found
        return tuple([found[name] for name in self._names])

    def run(self, session: Session, **values: Any) -> Sequence[Row[*tuple[Any, ...]]]:
        """Executes it in a session and returns all rows."""
        connection = session.connection()
        return connection.exec_driver_sql(self.text, self.parameters(**values)).all()

    def value(self, session: Session, **values: Any) -> Any:
        """The first column of the first row; None when there is none."""
        for row in self.run(session, **values):
            return row[0]
        return None

    def estimate(self, session: Session, **values: Any) -> int:
        """How many rows PostgreSQL expects it to find."""
        connection = session.connection()
        plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {self.text}", self.parameters(**values)).scalar_one()
        return int(plan[0]["Plan"]["Plan Rows"])

    def _converted(self, values: dict[str, Any]) -> dict[str, Any]:
        converters = self._converters
        return {name: converters[name](value) if name in converters else value for name, value in values.items()}
