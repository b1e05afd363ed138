"""Themes: shipped and user TOML files, checked whole before Textual sees them.

A colour that Textual cannot read ends the app, so every value is parsed here first, and a file that is
wrong is named with its key and left out.
"""

from __future__ import annotations

import importlib
import os
import tomllib
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from textual.color import Color, ColorParseError
from textual.theme import Theme

from dusk.fs.locations import config_directory
from dusk.fs.names import display_name, display_path

DEFAULT_THEME = "dusk-night"
SIXTEEN_COLOUR_THEME = "dusk-terminal"

COLOUR_KEYS = (
    "primary", "secondary", "warning", "error", "success", "accent",
    "foreground", "background", "surface", "panel", "boost",
)  # fmt: skip
_REQUIRED_KEYS = ("primary", "foreground", "background", "surface", "panel", "warning", "error", "success")
_NUMBER_KEYS = ("luminosity_spread", "text_alpha")
_STYLE_WORDS = frozenset(
    {
        "none", "not", "b", "bold", "d", "dim", "i", "italic", "u", "underline", "uu", "underline2",
        "r", "reverse", "s", "strike", "o", "overline", "blink",
    }
)  # fmt: skip
# Textual reads these with no parser of its own: they name no colour.
_COLOUR_WORDS = frozenset({"transparent", "initial"})

VARIABLES: Mapping[str, tuple[str, str]] = {
    # variable: (theme colour it follows when a theme does not set it, what it draws)
    "size-huge": ("error", "the size of an entry that holds a tenth of the root or more"),
    "size-large": ("warning", "the size of an entry that holds a hundredth of the root or more"),
    "size-small": ("foreground", "every other size"),
    "share": ("foreground", "the percentage beside a size"),
    "bar": ("primary", "the filled part of a share bar"),
    "bar-rest": ("panel", "the empty part of a share bar"),
    "directory": ("foreground", "the name of a directory"),
    "file": ("foreground", "the name of a file"),
    "muted": ("foreground", "hints, units, labels: what is read last"),
    "mark": ("accent", "the mark of an entry that is queued or marked"),
    "tag": ("secondary", "the tag of a finding at the end of a row"),
    "flag": ("warning", "unreadable, partial, hard link, mount point"),
    "crumb": ("secondary", "the breadcrumb and titles of screens"),
    "heading": ("primary", "headings inside a panel or dialog"),
    "rule-line": ("panel", "lines between areas, borders of dialogs"),
    "key": ("accent", "a key that can be pressed, wherever it is named"),
    "cursor-background": ("panel", "the row under the cursor"),
    "cursor-text": ("foreground", "text of the row under the cursor where nothing else colours it"),
    "queue-background": ("panel", "the line with the running total of the queue"),
    "queue-text": ("foreground", "text on that line"),
    "fill": ("primary", "a filesystem with room"),
    "fill-tight": ("warning", "a filesystem that is 80 % full"),
    "fill-full": ("error", "a filesystem that is 95 % full"),
    "safety-safe": ("success", "comes back by itself"),
    "safety-costly": ("warning", "comes back at a cost"),
    "safety-review": ("accent", "a person decides"),
    "safety-keep": ("error", "never suggested"),
    "good": ("success", "something was done"),
    "problem": ("error", "something was refused or failed"),
    "notice": ("warning", "something to know before going on"),
}
"""The variables that dusk adds to Textual's own; `.tcss` files name them as ``$size-huge`` and so on."""


@dataclass(frozen=True, slots=True)
class ThemeProblem:
    """Why a theme file was left out."""

    file: str
    """The file, printable."""
    key: str
    """The key that is wrong; empty when it is the whole file."""
    message: str
    """What is wrong with it, as part of a sentence."""

    def __str__(self) -> str:
        """Return the problem as one line."""
        said = (self.file, display_name(self.key), display_name(self.message))  # both repeat what was written
        return ": ".join(part for part in said if part)


@dataclass(frozen=True, slots=True)
class ThemeShelf:
    """The themes that can be used, and the files that cannot."""

    themes: tuple[Theme, ...]
    """Shipped ones first; a user theme stands in the place of the shipped one it replaces."""
    problems: tuple[ThemeProblem, ...]
    """One for every key that is wrong."""


def first_themes(wanted: str, directory: bytes | None = None) -> ThemeShelf:
    """Return at least the theme that is wanted and the one for 16 colours: the others cost 4 ms."""
    folder = os.path.join(config_directory() if directory is None else directory, b"themes")
    first = (wanted or DEFAULT_THEME, SIXTEEN_COLOUR_THEME)
    if os.path.lexists(folder):
        return load_themes(directory)  # a theme of the user may stand in the place of any shipped one
    themes = tuple(
        _theme_of(tomllib.loads(content.decode()), stem) for stem, content in _shipped_files(first)
    )
    return ThemeShelf(themes, ()) if len(themes) == len(set(first)) else load_themes(directory)


def load_themes(directory: bytes | None = None) -> ThemeShelf:
    """Return shipped themes and those of ``themes/`` in the configuration directory."""
    themes: dict[str, Theme] = {}
    problems: list[ThemeProblem] = []
    for stem, content in _shipped_files():
        # Tests have read these whole; checking their colours again costs 8 ms before the first frame.
        shipped = _theme_of(tomllib.loads(content.decode("utf-8")), stem)
        themes[shipped.name] = shipped
    for shown, stem, content in _user_files(directory, problems):
        theme, found = read_theme(content, stem, shown)
        problems.extend(found)
        if theme is not None:
            themes[theme.name] = theme
    return ThemeShelf(tuple(themes.values()), tuple(problems))


def read_theme(content: bytes, stem: str, shown: str) -> tuple[Theme | None, list[ThemeProblem]]:
    """Return the theme that one file describes, or everything that is wrong with it."""
    try:
        document = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return None, [ThemeProblem(shown, "", f"is not TOML: {error}")]
    problems = [ThemeProblem(shown, key, message) for key, message in _document_problems(document)]
    if problems:
        return None, problems
    theme = _theme_of(document, stem)
    try:
        known = theme.to_color_system().generate().keys() | VARIABLES.keys()
    except (ValueError, TypeError, AttributeError) as error:
        return None, [ThemeProblem(shown, "", f"its colours do not go together: {error}")]
    unknown = [key for key in document.get("variables", {}) if key not in known]
    if unknown:
        return None, [ThemeProblem(shown, f"variables.{key}", "is no variable of a theme") for key in unknown]
    return theme, []


def _theme_of(document: Mapping[str, Any], stem: str) -> Theme:
    fields = {key: value for key, value in document.items() if key not in ("name", "variables")}
    theme = Theme(name=document.get("name", stem), **fields)
    theme.variables = {**_fallbacks(theme), **variable_defaults(theme), **document.get("variables", {})}
    return theme


def variable_defaults(theme: Theme) -> dict[str, str]:
    """Return dusk's variables as a theme that knows nothing of them would colour them."""
    return {name: _colour_of(theme, role) for name, (role, _) in VARIABLES.items()}


def suitable_theme(wanted: str, available: Mapping[str, Theme], color_system: str | None) -> str:
    """Return the name of the theme to use: the one wanted, or the one that fits the terminal.

    With 16 colours every dark surface turns black or grey, so the terminal's own colours serve there.
    """
    theme = available.get(wanted)
    if theme is None:
        theme, wanted = available.get(DEFAULT_THEME), DEFAULT_THEME
    if color_system in ("standard", "windows") and theme is not None and not theme.ansi:
        return SIXTEEN_COLOUR_THEME if SIXTEEN_COLOUR_THEME in available else wanted
    return wanted


def _fallbacks(theme: Theme) -> dict[str, str]:
    """Return what Textual leaves undefined in a theme of terminal colours, or see-through.

    Its own stylesheets name these; without them the app ends at its first frame. A dialog must hide what
    is below it.
    """
    if not theme.ansi:
        return {}
    dark = ("ansi_black", "ansi_white")
    background, foreground = dark if theme.dark else dark[::-1]
    solid = dict.fromkeys(("surface", "panel", "surface-active", "foreground-disabled"), "ansi_default")
    return {**solid, "ansi-background": background, "ansi-foreground": foreground}


def _shipped_files(only: Container[str] | None = None) -> Iterator[tuple[str, bytes]]:
    # Plain files: importlib.resources would import zipfile for it, before the first frame.
    for folder in importlib.import_module("dusk.themes").__path__:
        for name in sorted(os.listdir(folder)):
            if name.endswith(".toml") and (only is None or name.removesuffix(".toml") in only):
                with open(os.path.join(folder, name), "rb") as file:
                    yield name.removesuffix(".toml"), file.read()


def _user_files(directory: bytes | None, problems: list[ThemeProblem]) -> Iterator[tuple[str, str, bytes]]:
    folder = os.path.join(config_directory() if directory is None else directory, b"themes")
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return
    except OSError as error:
        problems.append(ThemeProblem(display_path(folder), "", f"cannot be listed: {error.strerror}"))
        return
    for name in names:
        if not name.endswith(b".toml"):
            continue
        path = os.path.join(folder, name)
        try:
            with open(path, "rb") as file:
                content = file.read()
        except OSError as error:
            problems.append(ThemeProblem(display_path(path), "", f"cannot be read: {error.strerror}"))
            continue
        yield display_path(path), display_name(name.removesuffix(b".toml")), content


def _document_problems(document: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    yield from ((key, "is missing") for key in _REQUIRED_KEYS if key not in document)
    for key, value in document.items():
        if key in COLOUR_KEYS:
            message = _colour_problem(value)
        elif key in _NUMBER_KEYS:
            message = "" if _is_fraction(value) else f"is not a number from 0 to 1: {_shown(value)}"
        elif key in ("dark", "ansi"):
            message = "" if isinstance(value, bool) else f"is not true or false: {_shown(value)}"
        elif key == "name":
            message = "" if isinstance(value, str) and value.strip() else "is not a name"
        elif key == "variables":
            yield from _variable_problems(value)
            continue
        else:
            message = "is no key of a theme"
        if message:
            yield display_name(key), message


def _variable_problems(table: object) -> Iterator[tuple[str, str]]:
    if not isinstance(table, dict):
        yield "variables", "is not a table"
        return
    for key, value in table.items():
        message = _style_problem(value) if key.endswith("-style") else _colour_problem(value)
        if message:
            yield f"variables.{display_name(key)}", message


def _colour_problem(value: object) -> str:
    if not isinstance(value, str):
        return f"is not a colour in quotes: {_shown(value)}"
    words = value.split()
    if len(words) == 2 and words[1].endswith("%") and words[1][:-1].isdigit():
        words = words[:1]
    if len(words) != 1:
        return f"is not a colour: {_shown(value)}"
    if words[0] in _COLOUR_WORDS:
        return ""
    try:
        Color.parse(words[0])
    except (ColorParseError, ValueError):
        return f"is not a colour: {_shown(value)}"
    return ""


def _style_problem(value: object) -> str:
    if isinstance(value, str) and value.split() and _STYLE_WORDS.issuperset(value.split()):
        return ""
    return f"is not a text style: {_shown(value)}"


def _is_fraction(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _shown(value: object) -> str:
    return display_name(repr(value))[:40]


def _colour_of(theme: Theme, role: str) -> str:
    chain = {"secondary": "primary", "accent": "primary", "warning": "primary", "error": "primary"}
    while True:
        value = getattr(theme, role)
        if isinstance(value, str):
            return value
        if role not in chain:
            return "ansi_default" if theme.ansi else ("#d0d0d0" if theme.dark else "#303030")
        role = chain[role]
