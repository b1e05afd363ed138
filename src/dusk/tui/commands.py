"""The one table of commands: keys, footer, help, palette and the user's own keys all come from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from dusk.fs.names import display_name

_KEY_NAMES = {
    "question_mark": "?", "slash": "/", "space": "space", "enter": "enter", "backspace": "backspace",
    "escape": "esc", "ctrl+p": "^p", "ctrl+c": "^c", "pageup": "pgup", "pagedown": "pgdn", "up": "↑",
    "down": "↓", "left": "←", "right": "→", "percent_sign": "%", "colon": ":",
}  # fmt: skip


class KeymapError(ValueError):
    """The user's keys cannot be used; the text names the command."""


@dataclass(frozen=True, slots=True)
class Command:
    """Something a person can ask for, by key or by name."""

    id: str
    """Stable name, the one that ``keys`` in ``config.toml`` uses."""
    keys: tuple[str, ...]
    """Keys by Textual's names, the one to show first."""
    title: str
    """One or two words, for the footer and the palette."""
    help: str
    """What it does, in one sentence."""
    group: str
    """Heading in the help screen."""
    footer: int = 0
    """Place in the footer when room is short: 1 stays longest; 0 is never shown there."""
    changes: bool = False
    """Whether it leads to changes on disk, and so is off with ``--read-only``."""

    @property
    def shown_keys(self) -> str:
        """The keys as a person knows them, separated by spaces."""
        return " ".join(shown_key(key) for key in self.keys)


_NAMES_OF_CHARACTERS = {shown: name for name, shown in _KEY_NAMES.items() if len(shown) == 1}


def key_name(text: str) -> str:
    """Return the name that Textual has for a key that a person may write as its character."""
    return _NAMES_OF_CHARACTERS.get(text, text)


def shown_key(key: str) -> str:
    """Return the usual name of a key."""
    return _KEY_NAMES.get(key, key)


COMMANDS: tuple[Command, ...] = (
    Command("help", ("question_mark", "f1"), "Help", "Show every key; type to search them.", "General", 1),
    Command("mark", ("space",), "Mark", "Mark or unmark the entry and go one down.", "Choose", 3),
    Command("trash", ("d",), "Trash", "Queue the marked entries, or this one, for the trash. Nothing is moved "
            "before the review.", "Choose", 2, changes=True),
    Command("archive", ("a",), "Archive", "Queue the marked entries, or this one, to be copied elsewhere, "
            "verified and then trashed.", "Choose", 6, changes=True),
    Command("review", ("x",), "Review", "See the queue, every path of it, and act on it.", "Act", 4, changes=True),
    Command("undo", ("u",), "Undo", "See what was done and take it back.", "Act", 7),
    Command("sort", ("s",), "Sort", "Sort by size, name, items or newest change.", "View", 8),
    Command("filter", ("slash",), "Filter", "Show only names that hold a text; esc shows all again.", "View", 5),
    Command("palette", ("ctrl+p", "colon"), "Palette", "Find a command by its name.", "General", 9),
    Command("quit", ("q", "ctrl+c"), "Quit", "Leave; asks first when something is queued or the scan was long.",
            "General", 1),
    Command("down", ("down", "j"), "Down", "Go one row down.", "Move"),
    Command("up", ("up", "k"), "Up", "Go one row up.", "Move"),
    Command("page_down", ("pagedown", "ctrl+f"), "Page down", "Go one page down.", "Move"),
    Command("page_up", ("pageup", "ctrl+b"), "Page up", "Go one page up.", "Move"),
    Command("first", ("home", "g"), "First", "Go to the first row.", "Move"),
    Command("last", ("end", "G"), "Last", "Go to the last row.", "Move"),
    Command("expand", ("right", "l"), "Open", "Show what a directory holds; again goes to its first entry.",
            "Move"),
    Command("collapse", ("left", "h"), "Close", "Hide what a directory holds; again goes to the directory above.",
            "Move"),
    Command("enter", ("enter",), "Enter", "Look at this directory alone.", "Move"),
    Command("leave", ("backspace",), "Leave", "Go back up to the directory above.", "Move"),
    Command("next_finding", ("n",), "Next finding", "Go to the next entry that a rule knows something about.",
            "Move"),
    Command("previous_finding", ("N",), "Previous finding", "Go to the finding before this one.", "Move"),
    Command("mark_finding", ("X",), "Mark finding", "Mark every path of the finding under the cursor.",
            "Choose"),
    Command("clear_marks", ("c",), "Clear marks", "Unmark everything; the queue stays.", "Choose"),
    Command("choose_1", ("1",), "Offer 1", "Queue the first offer of the finding at the side.", "Choose",
            changes=True),
    Command("choose_2", ("2",), "Offer 2", "Queue its second offer.", "Choose", changes=True),
    Command("choose_3", ("3",), "Offer 3", "Queue its third offer.", "Choose", changes=True),
    Command("choose_4", ("4",), "Offer 4", "Queue its fourth offer.", "Choose", changes=True),
    Command("choose_5", ("5",), "Offer 5", "Queue its fifth offer.", "Choose", changes=True),
    Command("choose_6", ("6",), "Offer 6", "Queue its sixth offer.", "Choose", changes=True),
    Command("choose_7", ("7",), "Offer 7", "Queue its seventh offer.", "Choose", changes=True),
    Command("choose_8", ("8",), "Offer 8", "Queue its eighth offer.", "Choose", changes=True),
    Command("choose_9", ("9",), "Offer 9", "Queue its ninth offer.", "Choose", changes=True),
    Command("measure", ("m", "A"), "Measure", "Switch between disk size and apparent size.", "View"),
    Command("share", ("percent_sign",), "Share", "Switch between the share of the root and of the parent.",
            "View"),
    Command("info", ("i",), "Info", "Show or hide what is known about the entry.", "View"),
    Command("panel", ("tab",), "Panel", "Go to the list of findings at the side, and back.", "View"),
    Command("back", ("escape",), "Back", "Leave the filter or the panel. Never quits.", "View"),
    Command("copy_path", ("y",), "Copy path", "Copy the path to the clipboard, quoted for a shell.", "General"),
    Command("rescan", ("r",), "Rescan", "Look at this directory on the disk again.", "General"),
)  # fmt: skip


def effective_commands(keys: Mapping[str, str]) -> tuple[Command, ...]:
    """Return the table with the user's own keys in it.

    Raises KeymapError for a command that does not exist and for a key that two commands ask for.
    """
    known = {command.id for command in COMMANDS}
    for identifier in keys:
        if identifier not in known:
            names = ", ".join(sorted(known))
            raise KeymapError(
                f"keys.{display_name(identifier)}: there is no such command. There are: {names}"
            )
    chosen = {
        identifier: tuple(key_name(key.strip()) for key in text.split(",") if key.strip())
        for identifier, text in keys.items()
    }
    for identifier, wanted in chosen.items():
        if not wanted:
            raise KeymapError(f"keys.{display_name(identifier)}: names no key")
    taken: dict[str, str] = {}
    for identifier, wanted in chosen.items():
        for key in wanted:
            if key in taken:
                raise KeymapError(
                    f"keys.{identifier}: {display_name(key)} is already the key of {taken[key]}"
                )
            taken[key] = identifier
    return tuple(_with_keys(command, chosen, taken) for command in COMMANDS)


def _with_keys(command: Command, chosen: Mapping[str, tuple[str, ...]], taken: Mapping[str, str]) -> Command:
    if command.id in chosen:
        return replace(command, keys=chosen[command.id])
    # A key that the user gave away no longer does what it did.
    return replace(command, keys=tuple(key for key in command.keys if key not in taken))
