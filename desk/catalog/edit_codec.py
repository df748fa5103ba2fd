"""Edits as text: one line of ASCII JSON for each, from which exactly the same edit is read again.

Invariant: what is not known here is neither written nor read; nothing is guessed.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime, time
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from desk.catalog.columns import TABLES
from desk.catalog.edits import CommitResult, Edit, EditBatch, EditKind, Merged, RecordKey, UnitReceipt
from desk.catalog.rows import AuthorRef, ContributionRow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


_WRITER = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))
"""Made once: every pending edit waits for it."""
_SURROGATE = re.compile("[\ud800-\udfff]")


class UnknownEdit(ValueError):
    """A text or a value that this version of Desk does not know as an edit or a part of one."""


def encode(edit: Edit) -> str:
    """An edit as one line of ASCII; raises UnknownEdit for a value of a kind that no edit has."""
    return _dumped(_edit_out(edit))


def decode(text: str) -> Edit:
    """The edit that `encode` wrote; raises UnknownEdit for everything else."""
    return _edit_in(_loaded(text))


def encode_receipt(receipt: UnitReceipt) -> str:
    """A receipt as one line of ASCII. Its result has neither conflicts nor anything unknown: it tells what a commit
    answers that succeeded."""
    result = receipt.result
    return _dumped(
        {
            "transaction": receipt.transaction,
            "inserted": [[*_key_out(key), new, _out(born)] for key, (new, born) in receipt.inserted.items()],
            "saved": [_key_out(key) for key in result.saved],
            "new_ids": [[*_key_out(key), new] for key, new in result.new_ids.items()],
            "merged": [[*_key_out(one.key), _out(one.label), list(one.fields)] for one in result.merged],
            "inverse": None if result.inverse is None else [_edit_out(edit) for edit in result.inverse.edits],
        }
    )


def decode_receipt(text: str) -> UnitReceipt:
    """The receipt that `encode_receipt` wrote; raises UnknownEdit for everything else."""
    document = _loaded(text)
    try:
        return UnitReceipt(
            transaction=_checked(document["transaction"], str),
            inserted=MappingProxyType(
                {
                    _key_in(table, record_id): (_checked(new, int), _checked(_in(born), datetime))
                    for table, record_id, new, born in document["inserted"]
                }
            ),
            result=CommitResult(
                saved=tuple(_key_in(*key) for key in document["saved"]),
                new_ids=MappingProxyType(
                    {_key_in(table, record_id): _checked(new, int) for table, record_id, new in document["new_ids"]}
                ),
                merged=tuple(
                    Merged(_key_in(table, record_id), _in(label), tuple(_checked(name, str) for name in fields))
                    for table, record_id, label, fields in document["merged"]
                ),
                inverse=(
                    None
                    if document["inverse"] is None
                    else EditBatch(tuple(_edit_in(one) for one in document["inverse"]))
                ),
            ),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnknownEdit("not a receipt") from error


# Edits


def _edit_out(edit: Edit) -> dict[str, Any]:
    return {
        "key": _key_out(edit.key),
        "kind": edit.kind.value,
        "label": _out(edit.label),
        "version": edit.version,
        "original": _fields_out(edit.original),
        "values": _fields_out(edit.values),
    }


def _edit_in(document: Any) -> Edit:
    try:
        key = _key_in(*document["key"])
        return Edit(
            key,
            EditKind(document["kind"]),
            _checked(_in(document["label"]), str),
            _checked(document["version"], int),
            _fields_in(key.table, document["original"]),
            _fields_in(key.table, document["values"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnknownEdit("not an edit") from error


def _key_out(key: RecordKey) -> list[Any]:
    return [key.table, key.id]


def _key_in(table: Any, record_id: Any) -> RecordKey:
    if table not in TABLES:
        raise UnknownEdit("an unknown table")
    return RecordKey(table, _checked(record_id, int))


def _fields_out(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _out(value) for name, value in fields.items()}


def _fields_in(table: str, fields: Any) -> Mapping[str, Any]:
    for name in _checked(fields, dict):
        TABLES[table].column(name)  # raises KeyError for one that nobody could show
    return MappingProxyType({name: _in(value) for name, value in fields.items()})


# Values: what JSON has as it is, everything else as a list that begins with the letter of its kind


def _text_out(text: str) -> Any:
    """A text as it is; one with halves of characters by its bytes, because JSON would join two halves into one."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return ["s", text.encode("utf-8", "surrogatepass").hex()]


_OUT: dict[type, Callable[[Any], Any]] = {
    type(None): lambda value: value,
    bool: lambda value: value,
    int: lambda value: value,
    str: _text_out,
    float: lambda value: ["f", value.hex()],
    Decimal: lambda value: ["d", str(value)],
    bytes: lambda value: ["b", value.hex()],
    datetime: lambda value: ["t", value.isoformat(), value.fold],
    date: lambda value: ["y", value.isoformat()],
    time: lambda value: ["h", value.isoformat(), value.fold],
    AuthorRef: lambda value: ["a", value.id, _out(value.name)],
    ContributionRow: lambda value: ["c", _out(value.author), _out(value.role), value.position],
    tuple: lambda value: ["l", *map(_out, value)],
}

_IN: dict[str, Callable[..., Any]] = {
    "s": lambda digits: bytes.fromhex(digits).decode("utf-8", "surrogatepass"),
    "f": float.fromhex,
    "d": lambda text: Decimal(_checked(text, str)),
    "b": bytes.fromhex,
    "t": lambda text, fold: datetime.fromisoformat(text).replace(fold=fold),
    "y": date.fromisoformat,
    "h": lambda text, fold: time.fromisoformat(text).replace(fold=fold),
    "a": lambda author_id, name: AuthorRef(_checked(author_id, int), _in(name)),
    "c": lambda author, role, position: ContributionRow(
        _checked(_in(author), AuthorRef), _in(role), _checked(position, int)
    ),
    "l": lambda *values: tuple(map(_in, values)),
}


def _out(value: Any) -> Any:
    try:
        write = _OUT[type(value)]
    except KeyError:
        raise UnknownEdit(f"a value of the type {type(value).__name__}") from None
    return write(value)


def _in(value: Any) -> Any:
    if not isinstance(value, list):
        if isinstance(value, dict | float):  # JSON has them, edits do not
            raise UnknownEdit("an unknown value")
        return value
    try:
        letter, *parts = value
        return _IN[letter](*parts)
    except (KeyError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise UnknownEdit("an unknown value") from error


def _checked(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise UnknownEdit("a value of another kind")
    return value


def _dumped(document: Any) -> str:
    return _WRITER.encode(document)


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnknownEdit("not JSON") from error
