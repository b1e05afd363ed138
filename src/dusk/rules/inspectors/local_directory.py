"""Directories that ``hf download --local-dir`` filled, with the proof of where each file came from.

Source: huggingface_hub 2.4.0, ``_local_folder.py``: three lines per file: commit, etag, time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.headers.one_line import describe_model
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Sighting

_SUFFIX = b".metadata"
_SLACK = 1.0  # seconds between the file's own time and the moment that was noted


@dataclass(frozen=True, slots=True)
class Note:
    """What was noted of one file."""

    commit: str
    """Revision on the Hub."""
    etag: str
    """SHA-256 of a big file, the object's hash of a small one."""
    moment: float
    """When it was complete."""


def inspect_local_directory(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the directory above ``.cache/huggingface/download`` when its files came from the Hub."""
    tree = facts.tree
    for hit in hits:
        cache = tree.parent(hit)
        download = facts.child(hit, b"download")
        if cache < 0 or tree.parent(cache) != directory or tree.name(cache) != b".cache" or download is None:
            continue
        yield from _partial(download, facts)
        notes = _read_notes(download, facts)
        if not notes:
            continue
        own = [file for file in facts.files_below(directory) if not facts.ground.is_within(file, cache)]
        if not own:
            continue
        strange = [file for file in own if not _is_unchanged(facts, file, directory, notes)]
        commits = {note.commit for note in notes.values()}
        if not strange:
            _note_contents(own, directory, notes, facts)
        line = describe_model(facts, directory)
        evidence = [
            f"A note of the Hub's commit and checksum for {count_noun(len(notes), 'file')} "
            f"({', '.join(sorted(commit[:8] for commit in commits)[:3])})."
        ]
        evidence += [f"It is {line}."] if line else []
        withheld = ""
        if strange:
            names = ", ".join(display_name(tree.name(file)) for file in strange[:3])
            count = count_noun(len(strange), "file")
            withheld = f"{count} in it did not come from the Hub or changed since: {names}."
        elif facts.is_live(directory):
            withheld = f"it changed {facts.shown_age(directory)}: a download may be running."
        else:
            evidence.append("Every file is older than its note: none was changed after the download.")
        yield Sighting(
            "hf-local-directory",
            (directory,),
            evidence=tuple(evidence),
            withheld=withheld,
            safety="review" if strange else "",
            words={"commit": min(commits)},
        )
        if strange:
            yield from _single_files(directory, own, strange, facts)


def _single_files(directory: int, own: list[int], strange: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield downloads that stand for themselves, in a directory that holds other things as well."""
    if any(facts.child(directory, name) is not None for name in (b"config.json", b"model_index.json")):
        return
    files = [file for file in own if file not in strange and facts.tree.name(file).endswith(b".gguf")]
    if files:
        yield Sighting(
            "hf-local-file",
            tuple(files),
            evidence=(
                f"A note of the Hub's commit and checksum for {count_noun(len(files), 'file')} of "
                f"{facts.shown_size(*files)}; none is newer than its note.",
            ),
            withheld=f"it changed {facts.shown_age(*files)}." if facts.is_live(*files) else "",
        )


def _note_contents(files: list[int], directory: int, notes: dict[bytes, Note], facts: Facts) -> None:
    """Remember the checksums of big files, which their notes hold."""
    for file in files:
        note = notes[facts.relative(file, directory)]
        if len(note.etag) == 64:
            facts.families.note_content(note.etag, file)


def _partial(download: int, facts: Facts) -> Iterator[Sighting]:
    """Yield aborted downloads that nobody works on."""
    for file in facts.files_below(download):
        name = facts.tree.name(file)
        if not name.endswith(b".incomplete") or facts.age(file) < facts.ages.incomplete_after:
            continue
        siblings = facts.children(facts.tree.parent(file))
        locks = [entry for other, entry in siblings.items() if other.endswith(b".lock")]
        try:
            held = any(facts.is_locked(lock) for lock in locks)
        except CannotTellError:
            held = True
        if not held:
            yield Sighting(
                "hf-incomplete-download",
                (file,),
                evidence=(
                    f"{facts.shown_size(file)}, last written {facts.shown_age(file)}; no process holds "
                    "a lock beside it.",
                ),
                words={"repository": "this directory"},
                title="Broken download into a directory",
            )


def _read_notes(download: int, facts: Facts) -> dict[bytes, Note]:
    """Return commit and time for each file that has a note."""
    files = [file for file in facts.files_below(download) if facts.tree.name(file).endswith(_SUFFIX)]
    notes = {}
    for file, head in zip(files, facts.heads(files, 4096), strict=True):
        lines = (head or b"").decode("utf-8", "replace").split()
        try:
            commit, etag, moment = lines[:3]
            notes[facts.relative(file, download)[: -len(_SUFFIX)]] = Note(commit, etag, float(moment))
        except ValueError:
            continue
    return notes


def _is_unchanged(facts: Facts, file: int, directory: int, notes: dict[bytes, Note]) -> bool:
    note = notes.get(facts.relative(file, directory))
    return note is not None and facts.tree.newest_mtime_ns(file) / 1e9 <= note.moment + _SLACK
