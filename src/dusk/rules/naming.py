"""Whether anything in a project names a path; one search per project answers for all its candidates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dusk.fs.identity import EntryKind
from dusk.fs.names import display_name
from dusk.rules.facts import Facts
from dusk.rules.references import Reference, Search, needles_for, search, shown_file

_ADAPTER = b"adapter_config.json"


@dataclass(frozen=True, slots=True)
class Naming:
    """Whether something names a path."""

    known: bool
    """False while the project is still being scanned."""
    reference: Reference | None = None
    """What names it."""
    sentence: str = ""
    """What was found, or how much was searched in vain."""


class ReferenceDesk:
    """Answers whether a config, script or adapter names a path, one search per project."""

    def __init__(self, facts: Facts) -> None:
        """Begin without any text."""
        self._facts = facts
        self._texts: dict[int, list[int]] = {}
        self._adapters: list[int] = []
        self._asked: dict[int, tuple[object, Search]] = {}

    def note_text(self, index: int) -> None:
        """Remember a small text file that may name paths."""
        if self._facts.tree.kind(index) is not EntryKind.FILE:
            return
        self._texts.setdefault(self._facts.tree.parent(index), []).append(index)
        if self._facts.tree.name(index) == _ADAPTER:
            self._adapters.append(index)

    def ask(
        self, wanted: dict[int, tuple[str, ...]], units: frozenset[int], needles_only: bool = False
    ) -> dict[int, Naming]:
        """Return for each entry whether something in its project names it."""
        facts = self._facts
        scopes: dict[int, dict[int, tuple[str, ...]]] = {}
        for entry, needles in wanted.items():
            scope = 0 if needles_only else facts.ground.widest_project(entry)
            scopes.setdefault(scope, {})[entry] = needles or needles_for(facts, entry, scope)
        answers: dict[int, Naming] = {}
        for scope, candidates in scopes.items():
            if not facts.tree.is_complete(scope):
                answers.update(dict.fromkeys(candidates, Naming(False)))
                continue
            result = self._search(scope, candidates, units)
            for entry in candidates:
                answers[entry] = self._naming(entry, scope, result)
        return answers

    def _naming(self, entry: int, scope: int, result: Search) -> Naming:
        reference = result.found.get(entry)
        if reference is not None:
            return Naming(True, reference, reference.sentence(shown_file(self._facts, reference, scope)))
        place = display_name(self._facts.tree.name(scope).rsplit(b"/", 1)[-1]) or "/"
        looked = f"None of the {result.files:,} configs, scripts and adapters in {place} names it."
        if not result.complete:
            looked = (
                f"None of the {result.files:,} texts nearest to the top of {place} names it; there are more."
            )
        return Naming(True, None, looked)

    def _search(self, scope: int, candidates: dict[int, tuple[str, ...]], units: frozenset[int]) -> Search:
        tree = self._facts.tree
        state = (tree.revision(scope), tuple(candidates.items()), len(self._adapters))
        known = self._asked.get(scope)
        if known is not None and known[0] == state:
            return known[1]
        result = search(self._facts, self._texts_for(scope), candidates, units)
        self._asked[scope] = (state, result)
        return result

    def _texts_for(self, scope: int) -> Iterable[int]:
        chosen: dict[int, None] = {}
        inside: dict[int, bool] = {-1: False, scope: True}
        for directory, texts in self._texts.items():
            if self._is_inside(directory, inside):
                chosen.update(dict.fromkeys(texts))
        # An adapter anywhere may be built on a base model here.
        chosen.update(dict.fromkeys(self._adapters))
        return chosen

    def _is_inside(self, directory: int, inside: dict[int, bool]) -> bool:
        path = []
        while directory not in inside:
            path.append(directory)
            directory = self._facts.tree.parent(directory)
        answer = inside[directory]
        inside.update(dict.fromkeys(path, answer))
        return answer
