"""The words of the actions: what every face calls what is going to be done, is being done and was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from dusk.fs.names import display_name, display_path, shell_word
from dusk.fs.units import count_noun, format_size
from dusk.plan.step import Step
from dusk.rules.finding import Action

HARD_LINK = "hard-link"
PACKED = "tar.zst"
_UNTIL_EMPTIED = "It works until the trash is emptied."


@dataclass(frozen=True, slots=True)
class ActionWords:
    """How one action is spoken of. ``{}`` stands for how many things, such as "3 paths"."""

    sign: str
    """One letter for the row of the tree."""
    tag: str
    """At most 18 cells for the row of the tree: "to trash"."""
    short: str
    """At most 8 cells for a column: "trash"."""
    queued: str
    """What a thing is queued for: "for the trash"."""
    verb: str
    """What is asked before: "Move {} to the trash"."""
    how: str
    """How that happens, as a sentence."""
    doing: str
    """What the step does to one path: "moves to the trash"."""
    done: str
    """What was done, before a colon: "Moved to the trash"."""
    diary: str
    """The same in a diary: "moved {} to the trash"."""
    phase: str
    """What is happening right now: "moving to trash"."""
    place: str
    """What stands before the place of the result: "in the trash as"."""
    undo: str
    """How far it can be taken back, as a sentence."""
    is_undoable: bool = True
    """Whether it can be taken back at all; what cannot is done last and confirmed by a typed word."""


WORDS = {
    Action.TRASH: ActionWords(
        sign="T",
        tag="to trash",
        short="trash",
        queued="for the trash",
        verb="Move {} to the trash",
        how="By a rename into the trash of the same filesystem: quick, nothing is copied.",
        doing="moves to the trash",
        done="Moved to the trash",
        diary="moved {} to the trash",
        phase="moving to trash",
        place="in the trash as",
        undo=_UNTIL_EMPTIED,
    ),
    Action.ARCHIVE: ActionWords(
        sign="A",
        tag="to archive",
        short="archive",
        queued="for the archive",
        verb="Archive {}",
        how="Copied, read back and compared; only then the originals go to the trash.",
        doing="copies to {}, verifies, then moves to the trash",
        done="Archived, verified and moved to the trash",
        diary="archived {}",
        phase="copying",
        place="archived to",
        undo="What was archived comes back also after the trash is emptied.",
    ),
    Action.COMPRESS: ActionWords(
        sign="C",
        tag="to compress",
        short="compress",
        queued="to be compressed",
        verb="Compress {}",
        how="Written as .zst beside it, read back and compared; only then the original goes to the trash.",
        doing="compresses to .zst, verifies, then moves the original to the trash",
        done="Compressed, verified, and the originals moved to the trash",
        diary="compressed {}",
        phase="compressing",
        place="compressed as",
        undo=_UNTIL_EMPTIED,
    ),
    Action.ROTATE: ActionWords(
        sign="R",
        tag="to rotate",
        short="rotate",
        queued="to be rotated",
        verb="Rotate {}",
        how="The newest days stay; older ones are packed by day and verified, then go to the trash.",
        doing="packs older days, verifies, then moves what was packed to the trash",
        done="Rotated, and what was packed moved to the trash",
        diary="rotated {}",
        phase="packing by day",
        place="packed in",
        undo=_UNTIL_EMPTIED,
    ),
    Action.SPLIT: ActionWords(
        sign="S",
        tag="to split",
        short="split",
        queued="to be split",
        verb="Split {} into shards",
        how="Cut between lines and compared with the original; only then that goes to the trash.",
        doing="cuts into shards between lines, compares, then moves the original to the trash",
        done="Split, compared, and the originals moved to the trash",
        diary="split {}",
        phase="splitting",
        place="split into",
        undo=_UNTIL_EMPTIED,
    ),
    Action.REQUEUE: ActionWords(
        sign="Q",
        tag="to requeue",
        short="requeue",
        queued="to be put back in line",
        verb="Put {} back in line",
        how="Moved back to where the worker of the queue picks its work up; nothing is replaced.",
        doing="moves its items back to where their worker picks them up",
        done="Put back in line",
        diary="put {} back in line",
        phase="putting back in line",
        place="now in",
        undo="It works until a worker has taken an item.",
    ),
    Action.DEDUPE: ActionWords(
        sign="D",
        tag="to share blocks",
        short="dedupe",
        queued="to share blocks",
        verb="Let {} share equal blocks",
        how="The filesystem compares the bytes itself and keeps them once; contents, names and times stay.",
        doing="shares the blocks of equal files; contents, names and times stay",
        done="Equal files share their blocks now",
        diary="let {} share equal blocks",
        phase="comparing",
        place="shares with",
        undo="There is nothing to take back: every file stays what it was.",
    ),
    Action.EMPTY_DIRECTORIES: ActionWords(
        sign="E",
        tag="to remove",
        short="rmdir",
        queued="to be removed, as they are empty",
        verb="Remove {} that hold nothing",
        how="Bottom up, and only what holds nothing at that moment; no file is touched.",
        doing="is removed, with the directories in it: no file is at any depth",
        done="Removed empty directories",
        diary="removed {} that held nothing",
        phase="removing empty directories",
        place="was",
        undo="Undo makes them again, with their permissions and times.",
    ),
    Action.NATIVE: ActionWords(
        sign="N",
        tag="to its own tool",
        short="command",
        queued="for its own tool",
        verb="Run a command for {}",
        how="The tool that owns it decides what goes, and does not put it into the trash.",
        doing="is left to the command of the tool that owns it",
        done="Ran the command of its own tool",
        diary="ran a command for {}",
        phase="running its own tool",
        place="ran",
        undo="It cannot be taken back: dusk does not know what the command did.",
        is_undoable=False,
    ),
    Action.SCAFFOLD: ActionWords(
        sign="M",
        tag="to be laid out",
        short="scaffold",
        queued="for new directories",
        verb="Make new directories in {}",
        how="Only what is missing is made; nothing that is there is changed.",
        doing="gets new directories",
        done="Made new directories",
        diary="made new directories in {}",
        phase="making directories",
        place="made",
        undo="Undo removes those that are still empty.",
    ),
    Action.NONE: ActionWords(
        sign="-",
        tag="nothing to do",
        short="none",
        queued="for nothing",
        verb="Do nothing with {}",
        how="Nothing is changed.",
        doing="does nothing",
        done="Nothing was done",
        diary="did nothing with {}",
        phase="waiting",
        place="is",
        undo="There is nothing to take back.",
    ),
}


def words_of(action: Action | str) -> ActionWords:
    """Return the words of an action, or of one as the journal names it."""
    if isinstance(action, Action):
        return WORDS[action]
    known = {one.value: words for one, words in WORDS.items()}
    return known.get(action, WORDS[Action.NONE])


def is_undoable(step: Step) -> bool:
    """Return whether a step can be taken back, or changes nothing that would have to be."""
    return WORDS[step.action].is_undoable


def goal(step: Step) -> str:
    """Return what a step does, as the beginning of a sentence: "Move to the trash"."""
    options, action = step.options, step.action
    text = {
        Action.TRASH: "Move to the trash",
        Action.ARCHIVE: _archive(step),
        Action.COMPRESS: "Compress to .zst, verify, then move the original to the trash",
        Action.ROTATE: (
            f"Keep the newest {count_noun(options.keep_days, 'day')}"
            if options.keep_days
            else "Keep new days"
        )
        + ", pack the rest by day, verify, then move it to the trash",
        Action.SPLIT: "Cut into shards"
        + (f" of {count_noun(options.lines, 'line')}" if options.lines else "")
        + ", compare, then move the original to the trash",
        Action.REQUEUE: "Move the items back to where their worker picks them up",
        Action.DEDUPE: (
            "Make equal files one by hard links; the separate ones go to the trash"
            if options.form == HARD_LINK
            else "Let equal files share their blocks"
        ),
        Action.EMPTY_DIRECTORIES: "Remove directories that hold nothing",
        Action.NATIVE: f"Run {command_text(options.command)} (cannot be undone)",
        Action.SCAFFOLD: f"Make {count_noun(len(options.names), 'directory', 'directories')}",
    }
    return text.get(action, "Do nothing")


def doing(step: Step) -> str:
    """Return what a step does to one of its paths, as the end of a sentence."""
    if step.action is Action.ARCHIVE:
        return WORDS[step.action].doing.format(display_path(step.destination))
    if step.action is Action.NATIVE and step.options.command:
        return f"runs {command_text(step.options.command)}; cannot be undone"
    if step.action is Action.DEDUPE and step.options.form == HARD_LINK:
        return "becomes one file with its equals; separate ones go to the trash"
    return WORDS[step.action].doing


def how(step: Step) -> str:
    """Return how a step is done, as a sentence."""
    if step.action is Action.ARCHIVE and step.options.form == PACKED:
        return "Packed as .tar.zst, read back and compared; only then the originals go to the trash."
    if step.action is Action.DEDUPE and step.options.form == HARD_LINK:
        return (
            "Equal files become names of one file, compared byte by byte; the separate ones go to the trash. "
            "Whoever changes one of them in place changes all."
        )
    return WORDS[step.action].how


def undo_words(step: Step) -> str:
    """Return how far a step can be taken back, as a sentence."""
    if step.action is Action.DEDUPE and step.options.form == HARD_LINK:
        return _UNTIL_EMPTIED
    return WORDS[step.action].undo


class Figures(Protocol):
    """Figures of what is freed, and how sure they are."""

    @property
    def is_estimate(self) -> bool:
        """Whether samples were extrapolated."""
        ...

    @property
    def is_at_most(self) -> bool:
        """Whether less may be freed."""
        ...


def freed_words(size: int, figures: Figures) -> str:
    """Return a freed size with how sure it is: "1.2 GiB", "about 1.2 GiB", "up to 1.2 GiB"."""
    sure = "" if size == 0 else "up to " if figures.is_at_most else "about " if figures.is_estimate else ""
    return sure + format_size(size)


def command_text(command: tuple[str, ...]) -> str:
    """Return a command as one would type it, harmless to print."""
    return display_name(" ".join(shell_word(word.encode("utf-8", "surrogateescape")) for word in command))


def _archive(step: Step) -> str:
    place = display_path(step.destination) if step.destination else "a directory still to be chosen"
    packed = " as .tar.zst" if step.options.form == PACKED else ""
    return f"Copy to {place}{packed}, verify, then move to the trash"
