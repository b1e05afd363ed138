"""What the flags of an entry mean, as one sign, one word and one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from dusk.fs.identity import EntryKind
from dusk.scan.entry import Entry, EntryFlag


@dataclass(frozen=True, slots=True)
class FlagWords:
    """How one flag is shown."""

    flag: EntryFlag
    """The flag."""
    sign: str
    """One character at the beginning of the row."""
    word: str
    """A word or two at the end of the row; empty when the sign is enough there."""
    sentence: str
    """For the panel and the help screen."""


# The first flag that fits gives the sign: what makes a size wrong goes before what explains it.
FLAGS: tuple[FlagWords, ...] = (
    FlagWords(EntryFlag.REMOVED, "-", "gone", "It is gone since the scan."),
    FlagWords(EntryFlag.UNREADABLE, "!", "unreadable", "It could not be read, so its size is not known."),
    FlagWords(EntryFlag.PSEUDO, "K", "kernel files", "Made up by the kernel or seen twice: never entered."),
    FlagWords(EntryFlag.MOUNT_POINT, "M", "mount point", "Another filesystem is mounted here; not entered."),
    FlagWords(EntryFlag.OTHER_FILESYSTEM, "M", "other disk", "It is on another device; not entered."),
    FlagWords(EntryFlag.SCANNING, "~", "", "It is still being scanned: its size still grows."),
    FlagWords(EntryFlag.PARTIAL, ".", "", "Something below could not be read: its size is too small."),
    FlagWords(
        EntryFlag.COUNTED_ELSEWHERE, "H", "counted before", "Another name of this file counts its bytes."
    ),
    FlagWords(EntryFlag.HARD_LINK, "H", "hard link", "The file has more names: space is freed when all go."),
    FlagWords(
        EntryFlag.LINKS_BELOW, "h", "", "Files below have more names, so it may free less than its size."
    ),
    FlagWords(EntryFlag.SPARSE, "s", "", "It takes fewer blocks than its apparent size."),
)
LINK_SIGN = "@"


def row_flag(entry: Entry) -> str:
    """Return the sign of the flag that matters most; a space when there is none."""
    return _sign(int(entry.flags), entry.is_directory) or (
        LINK_SIGN if entry.kind is EntryKind.SYMLINK else " "
    )


def row_word(entry: Entry) -> str:
    """Return the word of the flag that matters most; empty when there is none."""
    return _word(int(entry.flags))


# Every row of the screen asks ten times a second, and most flags are the same ones.
@lru_cache(256)
def _sign(flags: int, is_directory: bool) -> str:
    for words in FLAGS:
        if flags & words.flag and not (words.flag is EntryFlag.SPARSE and is_directory):
            return words.sign
    return ""


@lru_cache(256)
def _word(flags: int) -> str:
    return next((words.word for words in FLAGS if flags & words.flag and words.word), "")


def flag_sentences(entry: Entry) -> tuple[str, ...]:
    """Return what must be known about an entry, most important first."""
    return tuple(words.sentence for words in FLAGS if entry.flags & words.flag)
