"""Reading a JSON document key by key, with errors that say where."""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

_EnumType = TypeVar("_EnumType", bound=Enum)


class PlanError(Exception):
    """A plan cannot be used; the text says why, and names the key of a document."""


class Node:
    """One object of the document, read key by key; what is left over is an error."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise PlanError(f"{where}: expected an object.")
        self._values: dict[str, object] = value
        self._where = where
        self._read: set[str] = set()

    def take(self, key: str) -> object:
        """Return the value of a key, of any type."""
        if key not in self._values:
            raise PlanError(f"{self._where}.{key}: is missing.")
        self._read.add(key)
        return self._values[key]

    def wrong(self, key: str, expected: str) -> PlanError:
        """Return the error that a key does not hold what is expected."""
        return PlanError(f"{self._where}.{key}: expected {expected}.")

    def text(self, key: str) -> str:
        """Return a text."""
        value = self.take(key)
        if not isinstance(value, str):
            raise self.wrong(key, "a text")
        return value

    def number(self, key: str, *, negative: bool = False) -> int:
        """Return a whole number."""
        value = self.take(key)
        if not isinstance(value, int) or isinstance(value, bool) or (value < 0 and not negative):
            raise self.wrong(key, "a whole number")
        return value

    def flag(self, key: str) -> bool:
        """Return true or false."""
        value = self.take(key)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def values(self, key: str) -> list[object]:
        """Return a list of anything."""
        value = self.take(key)
        if not isinstance(value, list):
            raise self.wrong(key, "a list")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts."""
        values = self.values(key)
        if not all(isinstance(value, str) for value in values):
            raise self.wrong(key, "a list of texts")
        return tuple(str(value) for value in values)

    def node(self, key: str) -> Node:
        """Return an object."""
        return Node(self.take(key), f"{self._where}.{key}")

    def nodes(self, key: str) -> list[Node]:
        """Return a list of objects."""
        return [Node(value, f"{self._where}.{key}[{n}]") for n, value in enumerate(self.values(key))]

    def choice(self, key: str, choices: type[_EnumType]) -> _EnumType:
        """Return a member of an enumeration, by its value."""
        try:
            return choices(self.text(key))
        except ValueError:
            names = ", ".join(str(choice.value) for choice in choices)
            raise self.wrong(key, f"one of {names}") from None

    def path(self, key: str, *, empty: bool = False) -> bytes:
        """Return an absolute path as bytes."""
        return self._as_path(self.take(key), key, empty)

    def paths(self, key: str) -> tuple[bytes, ...]:
        """Return a list of absolute paths."""
        return tuple(self._as_path(value, f"{key}[{n}]", False) for n, value in enumerate(self.values(key)))

    def finish(self) -> None:
        """Refuse keys that nothing has read."""
        for key in self._values:
            if key not in self._read:
                raise PlanError(f"{self._where}.{ascii(key)[1:-1]}: is not known.")

    def _as_path(self, value: object, key: str, empty: bool) -> bytes:
        if not isinstance(value, str):
            raise self.wrong(key, "a path")
        try:
            path = value.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raise self.wrong(key, "a path without lone surrogates") from None
        if not path and empty:
            return path
        parts = path.split(b"/")[1:]
        if not path.startswith(b"/") or b"\0" in path or b".." in parts or b"." in parts:
            raise self.wrong(key, "an absolute path without '..'")
        if path != b"/" and b"" in parts:
            raise self.wrong(key, "a path with single slashes and none at its end")
        return path
