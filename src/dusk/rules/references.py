"""Which configs, scripts and adapters name a path: what something points at is not old."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from dusk.fs.identity import EntryKind
from dusk.fs.names import display_path
from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError

REFERENCE_NAMES = (
    "*.yaml",
    "*.yml",
    "*.json",
    "*.sh",
    "*.py",
    "*.toml",
    "*.cfg",
    "*.ini",
    "*.env",
    "*.service",
    "Modelfile",
    "*.modelfile",
    "Dockerfile",
    "*.md",
    "*.rst",
    "*.ipynb",
)
"""Small text files that may name a path: configurations, scripts, and what people write about them."""
_PROSE = (b".md", b".rst", b".ipynb")
_NOTEBOOK = b".ipynb"
_FILES = 3000  # more texts than this are not read for one project
_BATCH = 50
_TEXT = 64 * 1024
_NOTEBOOK_MOST = 8 * 1024 * 1024  # with the pictures in it, which are left out
_ADAPTER = b"adapter_config.json"
# A run's own records name every checkpoint, or the best one of its time: inspectors read those.
_IGNORED = frozenset(
    {
        b"trainer_state.json", b"result.json", b"checkpoint_manager_snapshot.json", b"tokenizer.json",
        b"vocab.json", b"generation_config.json",
    }
)  # fmt: skip
_PLAIN = re.compile(
    r"(?:model|models|final|best|last|latest|base|old|new|small|big|large|output|outputs|run|runs|data|cache|"
    r"merged|train|test|export|weights|current|backup|checkpoints?|checkpoint-\d+|step[-_]?\d+|v\d+)\Z"
)


class _Cell(msgspec.Struct):
    source: str | list[str] = ""


class _Notebook(msgspec.Struct):
    cells: list[_Cell]


@dataclass(frozen=True, slots=True)
class Reference:
    """A file that names a path."""

    file: bytes
    """The file, absolute."""
    line: int
    """Line number, from 1."""
    adapter: bool
    """Whether it is an adapter that names its base model."""

    def sentence(self, shown: str) -> str:
        """Return what this means, for a person; ``shown`` is the file as text."""
        if self.adapter:
            return f"The adapter {shown} is built on it: without this base the adapter is useless."
        return f"{shown} names it on line {self.line}."


@dataclass(frozen=True, slots=True)
class Search:
    """What was found for the candidates of one project."""

    found: dict[int, Reference]
    """Candidates that something names."""
    files: int
    """Texts that were read."""
    complete: bool
    """Whether all texts were read."""


def needles_for(facts: Facts, index: int, scope: int) -> tuple[str, ...]:
    """Return the texts that mean a path: its last two names, and its name alone where that is telling."""
    parts = facts.relative(index, scope).split(b"/")
    names = [part.decode("utf-8", "surrogateescape") for part in parts if part]
    if not names:
        return ()
    needles = ["/".join(names[-2:])] if len(names) > 1 else []
    name = names[-1]
    if len(name) >= 6 and not _PLAIN.match(name.lower()):
        needles.append(name)
    else:
        # A plain word is a reference where it is written as a path, or as a value of its own.
        needles += [f"./{name}", f"{name}/", f'"{name}"', f"'{name}'"]
    return tuple(needles)


def search(
    facts: Facts,
    texts: Iterable[int],
    candidates: dict[int, tuple[str, ...]],
    units: frozenset[int],
    around: Iterable[tuple[bytes, bytes]] = (),
) -> Search:
    """Look for the candidates' needles in small texts, nearest to the top first; raises CannotTellError.

    A text inside the candidate itself does not count, nor one inside another unit of its kind, unless
    it is an adapter's own configuration. ``around`` are texts that lie outside of the tree.
    """
    chosen: list[int] = []
    prose: list[int] = []
    for text in texts:
        if len(chosen) > _FILES:
            break
        # Thousands of notes must not keep a config from being read.
        into = prose if facts.tree.name(text).endswith(_PROSE) else chosen
        if len(into) <= _FILES and _is_worth_reading(facts, text, units):
            into.append(text)
    owners = _owners(candidates)
    # A name alone is a word there; a path is meant.
    paths = {needle: those for needle, those in owners.items() if b"/" in needle[2:-1]}
    found: dict[int, Reference] = {}
    read = 0
    if owners:
        for index, text_read in _read(facts, [*chosen, *prose][:_FILES]):
            read += 1
            above = {index, *facts.ground.ancestors(index)}
            is_adapter = facts.tree.name(index) == _ADAPTER
            is_prose = facts.tree.name(index).endswith(_PROSE)
            for owner, line in _matches(paths if is_prose else owners, text_read):
                if owner not in found and owner not in above:
                    found[owner] = Reference(facts.path(index), line, is_adapter)
        for path, text_read in around:
            read += 1
            said = _cells(text_read) if path.endswith(_NOTEBOOK) else text_read
            for owner, line in _matches(paths if path.endswith(_PROSE) else owners, said):
                found.setdefault(owner, Reference(path, line, path.endswith(b"/" + _ADAPTER)))
    return Search(found, read, len(chosen) <= _FILES)


def _matches(owners: dict[bytes, list[int]], text: bytes) -> Iterator[tuple[int, int]]:
    # Most texts hold no needle at all. An expression of hundreds of them would be slow, and would hold up
    # every other thread for as long as it takes.
    held = tuple(needle for needle in owners if needle in text)
    for match in _expression(held).finditer(text) if held else ():
        for owner in owners[match[0]]:
            yield owner, text.count(b"\n", 0, match.start()) + 1


def _is_worth_reading(facts: Facts, index: int, units: frozenset[int]) -> bool:
    tree = facts.tree
    name = tree.name(index)
    if tree.is_removed(index) or tree.kind(index) is not EntryKind.FILE or name in _IGNORED:
        return False
    most = _NOTEBOOK_MOST if name.endswith(_NOTEBOOK) else _TEXT
    if not 0 < tree.apparent_size(index) <= most or facts.ground.is_managed(tree.parent(index)):
        return False
    return name == _ADAPTER or not any(above in units for above in facts.ground.ancestors(index))


def _owners(candidates: dict[int, tuple[str, ...]]) -> dict[bytes, list[int]]:
    owners: dict[bytes, list[int]] = {}
    for entry, needles in candidates.items():
        for needle in needles:
            owners.setdefault(needle.encode("utf-8", "surrogateescape"), []).append(entry)
    return owners


@functools.lru_cache(maxsize=256)
def _expression(needles: tuple[bytes, ...]) -> re.Pattern[bytes]:
    """Return what finds the longest of some needles at each place, where they stand for themselves."""
    longest = sorted(needles, key=len, reverse=True)
    return re.compile(b"|".join(map(_pattern, longest)))


def _pattern(needle: bytes) -> bytes:
    escaped = re.escape(needle)
    if needle[:1] in b"\"'":
        return escaped + rb"(?!\s*:)"  # a key called "model" names no directory
    if needle.endswith(b"/"):
        return rb"(?<![\w/.-])" + escaped
    # models/phi must not be found in models/phi-2, in models/phi.bak or in my_models/phi.
    return rb"(?<![\w-])" + escaped + rb"(?![\w-]|\.\w)"


def _read(facts: Facts, files: list[int]) -> Iterator[tuple[int, bytes]]:
    """Yield what texts say; notebooks last, so that what a config says of an entry is what is told."""
    small: list[int] = []
    notebooks: list[int] = []
    for file in files:
        (notebooks if facts.tree.name(file).endswith(_NOTEBOOK) else small).append(file)
    for start in range(0, len(small), _BATCH):
        batch = small[start : start + _BATCH]
        heads = facts.heads(batch, _TEXT)
        for index, head in zip(batch, heads, strict=True):
            if head is not None and b"\0" not in head[:1024]:
                yield index, head
    for index in notebooks:
        with contextlib.suppress(CannotTellError):
            yield index, _cells(facts.head(index, _NOTEBOOK_MOST))


def _cells(text: bytes) -> bytes:
    """Return what a person wrote into a notebook: its outputs name every checkpoint that was saved."""
    try:
        notebook = msgspec.json.decode(text, type=_Notebook)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return b""
    sources = ("".join(cell.source) for cell in notebook.cells)
    return "\n".join(sources).encode("utf-8", "surrogateescape")


def shown_file(facts: Facts, reference: Reference, scope: int) -> str:
    """Return the referring file as text, below the project where it lies in it."""
    top = facts.path(scope).rstrip(b"/") + b"/"
    path = reference.file
    return display_path(path[len(top) :] if path.startswith(top) else path)
