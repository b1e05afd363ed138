"""Whether anything in a project names a path; one search per project answers for all its candidates."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from dusk.fs.names import display_name, display_path
from dusk.rules.facts import Facts
from dusk.rules.inbound_links import InboundLinks
from dusk.rules.probe import CannotTellError
from dusk.rules.references import REFERENCE_NAMES, Reference, Search, needles_for, search, shown_file
from dusk.rules.surroundings import texts_above
from dusk.scan.tree import ROOT

_ADAPTER = b"adapter_config.json"
_LOOKING = "dusk is still looking for configs and scripts that name it."
_FAILED = "the configs and scripts that may name it cannot be read: {}."


@dataclass(frozen=True, slots=True)
class Naming:
    """Whether something names a path."""

    known: bool
    """False while the project is still being scanned, or where its texts cannot be read."""
    reference: Reference | None = None
    """What names it."""
    sentence: str = ""
    """What was found, or how much was searched in vain."""


class ReferenceDesk:
    """Answers whether a config, script or adapter names a path, one search per project."""

    def __init__(self, facts: Facts) -> None:
        """Begin without any text."""
        self._facts = facts
        self._texts: dict[int, array[int]] = {}
        self._adapters: list[int] = []
        self._asked: dict[int, tuple[object, Search]] = {}
        self._above: tuple[tuple[bytes, bytes], ...] | None = None
        self._links = InboundLinks(facts)

    def note_text(self, index: int, directory: int, name: bytes) -> None:
        """Remember what may be a small text file that names paths."""
        noted = self._texts.get(directory)
        if noted is None:
            noted = self._texts[directory] = array("q")
        noted.append(index)
        if name == _ADAPTER:
            self._adapters.append(index)

    def ask(self, wanted: dict[int, tuple[str, ...]], units: frozenset[int]) -> dict[int, Naming]:
        """Return for each entry whether something names it.

        An entry with texts of its own, such as a commit hash, is looked for everywhere; one without is
        looked for by its path, in its project.
        """
        facts = self._facts
        scopes: dict[int, dict[int, tuple[str, ...]]] = {}
        for entry, needles in wanted.items():
            scope = ROOT if needles else facts.ground.widest_project(entry)
            scopes.setdefault(scope, {})[entry] = needles or needles_for(facts, entry, scope)
        answers: dict[int, Naming] = {}
        for scope, candidates in scopes.items():
            if not facts.tree.is_complete(scope):
                answers.update(dict.fromkeys(candidates, Naming(False, sentence=_LOOKING)))
                continue
            try:
                result = self._search(scope, candidates, units)
            except CannotTellError as error:
                answers.update(dict.fromkeys(candidates, Naming(False, sentence=_FAILED.format(error))))
                continue
            for entry in candidates:
                answers[entry] = self._linked(entry) or self._naming(entry, scope, result)
        return answers

    def _linked(self, entry: int) -> Naming | None:
        """Return what says that a symbolic link leads to an entry."""
        link = self._links.pointing_at(entry)
        if link is None:
            return None
        facts = self._facts
        reference = Reference(facts.path(link), 0, adapter=False)
        return Naming(
            True, reference, f"The symbolic link {display_path(facts.relative(link))} points at it."
        )

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
        around = self._around() if scope == ROOT else ()
        result = search(self._facts, self._texts_for(scope), candidates, units, around)
        self._asked[scope] = (state, result)
        return result

    def _texts_for(self, scope: int) -> Iterator[int]:
        """Yield adapters, which may be built on a base anywhere, then texts, nearest to the top first."""
        yield from self._adapters
        inside: dict[int, bool] = {-1: False, scope: True}
        directories = [directory for directory in self._texts if self._is_inside(directory, inside)]
        directories.sort(key=lambda directory: len(self._facts.ground.ancestors(directory)))
        known = set(self._adapters)
        for directory in directories:
            yield from (text for text in self._texts[directory] if text not in known)

    def _around(self) -> tuple[tuple[bytes, bytes], ...]:
        """Return the texts around what is scanned; none where they cannot be had."""
        facts = self._facts
        if self._above is None:
            try:
                self._above = texts_above(facts.path(ROOT), facts.prober, REFERENCE_NAMES)
            except CannotTellError:
                self._above = ()
        return self._above

    def _is_inside(self, directory: int, inside: dict[int, bool]) -> bool:
        path = []
        while directory not in inside:
            path.append(directory)
            directory = self._facts.tree.parent(directory)
        answer = inside[directory]
        inside.update(dict.fromkeys(path, answer))
        return answer
