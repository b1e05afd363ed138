"""Reading one value out of a tool's configuration file; a file that says nothing readable says nothing."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Mapping

from dusk.rules.place import ConfigurationFile

_BIGGEST = 256 * 1024
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_MOST_FILES = 16


def values(source: ConfigurationFile, environment: Mapping[str, str], home: str) -> Iterator[str]:
    """Yield what the files say, with ``below`` added; nothing where there is no file or no such key."""
    for path in _paths(source.file, environment, home):
        text = _text(path)
        if text is None:
            continue
        try:
            found = _READERS[source.form](text, source.key)
        except (ValueError, RecursionError):  # TOML, JSON and INI errors are ValueErrors here
            continue
        for value in found:
            expanded = expand(value, environment, home)
            if expanded is not None:
                yield os.path.join(expanded, source.below) if source.below else expanded


def expand(text: str, environment: Mapping[str, str], home: str) -> str | None:
    """Return a text with ``~`` and variables filled in; None when a variable is not set."""

    def replaced(match: re.Match[str]) -> str:
        value = environment.get(match[1] or match[2], "")
        if not value:
            raise LookupError
        return value

    try:
        text = _VARIABLE.sub(replaced, text.strip())
    except LookupError:
        return None
    if text == "~" or text.startswith("~/"):
        text = home + text[1:]
    return text if os.path.isabs(text) else None


def _paths(pattern: str, environment: Mapping[str, str], home: str) -> list[str]:
    path = expand(pattern, environment, home)
    if path is None:
        return []
    return sorted(glob.glob(path))[:_MOST_FILES] if "*" in path else [path]


def _text(path: str) -> str | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        return os.read(descriptor, _BIGGEST).decode("utf-8", "surrogateescape")
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _ini(text: str, key: str) -> list[str]:
    import configparser

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    section, _, option = key.rpartition(".")
    try:
        parser.read_string(text if section else f"[-]\n{text}")
    except configparser.Error as error:
        raise ValueError(str(error)) from error
    value = parser.get(section or "-", option, fallback="")
    return [value.strip("\"'")] if value else []


def _toml(text: str, key: str) -> list[str]:
    import tomllib

    return _inside(tomllib.loads(text), key)


def _json(text: str, key: str) -> list[str]:
    import msgspec

    return _inside(msgspec.json.decode(text.encode("utf-8", "surrogateescape")), key)


def _inside(document: object, key: str) -> list[str]:
    for name in key.split("."):
        if not isinstance(document, dict):
            return []
        document = document.get(name)
    found = document if isinstance(document, list) else [document]
    return [value for value in found if isinstance(value, str) and value]


def _yaml(text: str, key: str) -> list[str]:
    """Return a key of the top level: its value, or the items of its list. More of YAML is not read."""
    found: list[str] = []
    inside = False
    for line in text.splitlines():
        plain = line.split(" #")[0].rstrip()
        if not plain or plain.lstrip().startswith("#"):
            continue
        if inside and plain.lstrip().startswith("- "):
            found.append(plain.lstrip()[2:].strip())
            continue
        name, colon, value = plain.partition(":")
        inside = bool(colon) and name.strip("\"'") == key
        if inside and value.strip():
            found += value.strip().removeprefix("[").removesuffix("]").split(",")
    return [value.strip().strip("\"'") for value in found if value.strip().strip("\"'")]


def _variables(text: str, key: str) -> list[str]:
    pattern = re.compile(rf"(?:^|[\s\"'=]){re.escape(key)}=(?:\"([^\"\n]*)\"|'([^'\n]*)'|([^\s\"'#;]+))")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(("#", ";"))]
    return [match[1] or match[2] or match[3] or "" for line in lines for match in pattern.finditer(line)]


_READERS = {"ini": _ini, "toml": _toml, "json": _json, "yaml": _yaml, "variables": _variables}
