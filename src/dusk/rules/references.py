"""Which configs, scripts and adapters name a path: what something points at is not old."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dusk.fs.identity import EntryKind
from dusk.fs.names import display_path
from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError

_FILES = 3000  # more texts than this are not read for one project
_BATCH = 50
_TEXT = 64 * 1024
_ADAPTER = b"adapter_config.json"
# Every checkpoint's own state names the best one of its time: the trainer's inspector reads those.
_IGNORED = frozenset({b"trainer_state.json", b"tokenizer.json", b"vocab.json", b"generation_config.json"})
_PLAIN = re.compile(
    r"(?:model|models|final|best|last|latest|base|old|new|small|big|large|output|outputs|run|runs|data|cache|"
    r"merged|train|test|export|weights|current|backup|checkpoints?|checkpoint-\d+|step[-_]?\d+|v\d+)\Z"
)


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
    if len(names[-1]) >= 6 and not _PLAIN.match(names[-1].lower()):
        needles.append(names[-1])
    return tuple(needles)


def search(
    facts: Facts, texts: Iterable[int], candidates: dict[int, tuple[str, ...]], units: frozenset[int]
) -> Search:
    """Look for the candidates' needles in small texts; raises nothing, what cannot be read is left out.

    A text inside the candidate itself does not count, nor one inside another unit of its kind, unless
    it is an adapter's own configuration.
    """
    wanted = [entry for entry in texts if _is_worth_reading(facts, entry, units)]
    chosen = sorted(wanted, key=lambda entry: facts.path(entry).count(b"/"))[:_FILES]
    expression, owners = _expression(candidates)
    found: dict[int, Reference] = {}
    read = 0
    if expression is not None:
        for index, text in _read(facts, chosen):
            read += 1
            above = {index, *facts.ground.ancestors(index)}
            for match in expression.finditer(text):
                for owner in owners[match[0]]:
                    if owner not in found and owner not in above:
                        line = text.count(b"\n", 0, match.start()) + 1
                        is_adapter = facts.tree.name(index) == _ADAPTER
                        found[owner] = Reference(facts.path(index), line, is_adapter)
    return Search(found, read, len(wanted) <= _FILES)


def _is_worth_reading(facts: Facts, index: int, units: frozenset[int]) -> bool:
    tree = facts.tree
    name = tree.name(index)
    if tree.is_removed(index) or tree.kind(index) is not EntryKind.FILE or name in _IGNORED:
        return False
    if not 0 < tree.apparent_size(index) <= _TEXT or facts.ground.is_managed(tree.parent(index)):
        return False
    return name == _ADAPTER or not any(above in units for above in facts.ground.ancestors(index))


def _expression(
    candidates: dict[int, tuple[str, ...]],
) -> tuple[re.Pattern[bytes] | None, dict[bytes, list[int]]]:
    owners: dict[bytes, list[int]] = {}
    for entry, needles in candidates.items():
        for needle in needles:
            owners.setdefault(needle.encode("utf-8", "surrogateescape"), []).append(entry)
    if not owners:
        return None, owners
    longest = sorted(owners, key=len, reverse=True)
    # models/phi must not be found in models/phi-2, in models/phi.bak or in my_models/phi.
    pattern = rb"(?<![\w-])(?:" + b"|".join(map(re.escape, longest)) + rb")(?![\w-]|\.\w)"
    return re.compile(pattern), owners


def _read(facts: Facts, files: list[int]) -> Iterator[tuple[int, bytes]]:
    for start in range(0, len(files), _BATCH):
        batch = files[start : start + _BATCH]
        try:
            heads = facts.heads(batch, _TEXT)
        except CannotTellError:
            continue
        for index, head in zip(batch, heads, strict=True):
            if head is not None and b"\0" not in head[:1024]:
                yield index, head


def shown_file(facts: Facts, reference: Reference, scope: int) -> str:
    """Return the referring file as text, below the project where it lies in it."""
    top = facts.path(scope).rstrip(b"/") + b"/"
    path = reference.file
    return display_path(path[len(top) :] if path.startswith(top) else path)
