"""The one table of commands: keys, footer, help, palette and the user's own keys all come from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from dusk.fs.names import display_name

_KEY_NAMES = {
    "question_mark": "?", "slash": "/", "space": "space", "enter": "enter", "backspace": "backspace",
    "escape": "esc", "ctrl+p": "^p", "ctrl+c": "^c", "pageup": "pgup", "pagedown": "pgdn",
    "percent_sign": "%", "colon": ":",
    "left_square_bracket": "[", "right_square_bracket": "]",
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


def _move(identifier: str, keys: str, title: str, text: str) -> Command:
    return Command(identifier, tuple(keys.split()), title, text, "Move")


def _offer(number: int) -> Command:
    word = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")[number - 1]
    text = f"Queue the {word} offer of the finding under the cursor."
    return Command(f"choose_{number}", (str(number),), f"Offer {number}", text, "Choose", changes=True)


COMMANDS: tuple[Command, ...] = (
    Command("help", ("question_mark", "f1"), "Help", "Show every key; type to search them.", "General", 1),
    Command("mark", ("space",), "Mark", "Mark or unmark the entry and go one down.", "Choose", 3),
    Command(
        "trash",
        ("d",),
        "Trash",
        "Queue what is marked, or this entry, for the trash. Nothing moves before the review.",
        "Choose",
        2,
        changes=True,
    ),
    Command(
        "archive",
        ("a",),
        "Archive",
        "Queue what is marked, or this entry, to be copied elsewhere, verified and then trashed.",
        "Choose",
        6,
        changes=True,
    ),
    Command(
        "other",
        ("o",),
        "Other",
        "Queue what is marked, or this entry, for another action: compress, rotate, split, dedupe and more.",
        "Choose",
        10,
        changes=True,
    ),
    Command(
        "review", ("x",), "Review", "See the queue, all its paths, and act on it.", "Act", 4, changes=True
    ),
    Command("undo", ("u",), "Undo", "See what was done and take it back.", "Act", 7),
    Command("sort", ("s",), "Sort", "Sort by size, name, items or newest change.", "View", 8),
    Command("filter", ("slash",), "Filter", "Show only names that hold a text; esc shows all.", "View", 5),
    Command("palette", ("ctrl+p", "colon"), "Palette", "Find a command by its name.", "General", 9),
    Command(
        "quit", ("q", "ctrl+c"), "Quit", "Leave; asks when that loses a queue or a long scan.", "General", 1
    ),
    _move("down", "down j", "Down", "Go one row down."),
    _move("up", "up k", "Up", "Go one row up."),
    _move("page_down", "pagedown ctrl+f", "Page down", "Go one page down."),
    _move("page_up", "pageup ctrl+b", "Page up", "Go one page up."),
    _move("first", "home g", "First", "Go to the first row."),
    _move("last", "end G", "Last", "Go to the last row."),
    _move(
        "expand",
        "right l",
        "Open",
        "Show what a directory holds; again goes to its first entry.",
    ),
    _move(
        "collapse",
        "left h",
        "Close",
        "Hide what a directory holds; again goes to the one above.",
    ),
    _move("enter", "enter", "Enter", "Look at this directory alone."),
    _move("leave", "backspace", "Leave", "Go back up to the directory above."),
    _move("next_finding", "n", "Next finding", "Go to the next best finding."),
    _move("previous_finding", "N", "Previous finding", "Go to the finding before this one."),
    Command(
        "mark_finding", ("X",), "Mark finding", "Mark all paths of the finding under the cursor.", "Choose"
    ),
    Command("clear_marks", ("c",), "Clear marks", "Unmark everything; the queue stays.", "Choose"),
    *(_offer(number) for number in range(1, 10)),
    Command("measure", ("m", "A"), "Measure", "Switch between disk size and apparent size.", "View"),
    Command(
        "share", ("percent_sign",), "Share", "Switch between share of the root and of the parent.", "View"
    ),
    Command("explain", ("e",), "Explain", "Say in full what this is and whether it may go.", "View"),
    Command("info", ("i",), "Info", "Show or hide what is known about the entry.", "View"),
    Command(
        "panel",
        ("tab",),
        "Findings",
        "Go to the list of findings, and back; there h and l go by family.",
        "View",
    ),
    Command("panel_down", ("right_square_bracket",), "Panel down", "Scroll the panel down.", "View"),
    Command("panel_up", ("left_square_bracket",), "Panel up", "Scroll the panel up.", "View"),
    Command("back", ("escape",), "Back", "Leave the filter or the panel. Never quits.", "View"),
    Command("copy_path", ("y",), "Copy path", "Copy the path, quoted for a shell.", "General"),
    Command("suspend", ("ctrl+z",), "Suspend", "Go back to the shell; fg comes back here.", "General"),
    Command("rescan", ("r",), "Rescan", "Look at this directory on the disk again.", "General"),
)
"""All commands, those of the footer first and in its order."""


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
