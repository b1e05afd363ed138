"""Writing findings: texts filled in, offers with their three figures."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from dusk.fs.names import display_name, display_path, shell_word
from dusk.fs.units import format_size
from dusk.rules.facts import Facts
from dusk.rules.family_findings import family_sentences
from dusk.rules.figures import Figures, measure, outermost
from dusk.rules.finding import Action, ActionOptions, Finding, Offer
from dusk.rules.kinship import Kinship
from dusk.rules.rule import Rule
from dusk.rules.safety import Safety
from dusk.rules.sighting import Part, Proposal, Sighting
from dusk.rules.wording import fill, fill_sentences, subjects

_OVERLAY = (
    "This is a container's own filesystem: only what was written since its image was made frees anything."
)
_LOOK = "ls -la -- {paths}"
_SHOWN = 5  # paths that a command names before it says that there are more
# Shards take what their file took, and what is moved within a queue stays.
_FREES_NOTHING = frozenset({Action.SPLIT, Action.REQUEUE, Action.SCAFFOLD})
_MAKES_SMALLER = frozenset({Action.COMPRESS, Action.ROTATE})
_ACTIONS = {
    Action.TRASH: "Trash",
    Action.ARCHIVE: "Archive",
    Action.COMPRESS: "Compress",
    Action.ROTATE: "Rotate",
    Action.SPLIT: "Split",
    Action.REQUEUE: "Requeue",
    Action.DEDUPE: "Share the blocks of",
    Action.EMPTY_DIRECTORIES: "Remove",
    Action.NATIVE: "Let its own tool clean",
}


@dataclass(slots=True)
class Verdict:
    """What weighing said about a group of sightings."""

    held_back: dict[int, str] = field(default_factory=dict)
    """Subjects that may not go, each with its reason."""
    named: dict[int, str] = field(default_factory=dict)
    """Subjects that something names, each with the sentence that says so."""
    searched: list[str] = field(default_factory=list)
    """What was searched in vain."""
    withheld: list[str] = field(default_factory=list)
    """Why nothing is offered at all."""
    pending: str = ""
    """What is not known yet."""
    free: str = ""
    """That nobody has it open."""

    def withhold(self, reason: str) -> None:
        """Offer nothing, for a reason that is said once."""
        if reason not in self.withheld:
            self.withheld.append(reason)

    def hold_back(self, entries: Iterable[int], reason: str) -> None:
        """Take subjects off the list; the first reason stays."""
        for entry in entries:
            self.held_back.setdefault(entry, reason)


class Composer:
    """Makes findings from weighed sightings."""

    def __init__(self, facts: Facts, kinship: Kinship) -> None:
        """Write with these facts."""
        self._facts = facts
        self._kinship = kinship

    def compose(
        self, rule: Rule, group: tuple[Sighting, ...], verdict: Verdict
    ) -> list[tuple[Finding, tuple[int, ...]]]:
        """Return the findings of one group, each with the entries that it owns."""
        everything = [subject for sighting in group for subject in sighting.subjects]
        gone = verdict.named.keys() | verdict.held_back.keys()
        remaining = frozenset(everything) - gone
        composed = []
        if remaining:
            composed.append(self._finding(rule, group, verdict, remaining))
        if gone:
            composed.append(self._kept(rule, group, verdict, frozenset(gone)))
        return composed

    def _finding(
        self, rule: Rule, group: tuple[Sighting, ...], verdict: Verdict, remaining: frozenset[int]
    ) -> tuple[Finding, tuple[int, ...]]:
        parts = [part for sighting in group for part in sighting.all_parts]
        entries = outermost(self._facts.tree, _going(parts, remaining))
        held = [*verdict.withheld, *([verdict.pending] if verdict.pending else [])]
        offers = () if held else self._offers(rule, group, remaining)
        sentences = [
            *(sentence for sighting in group for sentence in sighting.evidence),
            *(family_sentences(entries[0], self._facts, self._kinship) if len(entries) == 1 else ()),
            *verdict.searched,
            *([verdict.free] if verdict.free and not held else []),
            *([_OVERLAY] if offers and self._facts.is_overlay else []),
            *(f"Not offered: {sentence}" for sentence in held),
        ]
        safety = Safety(group[0].safety or rule.safety)
        if held and safety is Safety.SAFE:
            safety = Safety.REVIEW  # what a program may be writing, or nobody knows enough of, is not safe
        finding = self._write(
            rule, group, remaining, entries=entries, evidence=tuple(sentences), offers=offers, safety=safety
        )
        return finding, entries

    def _kept(
        self, rule: Rule, group: tuple[Sighting, ...], verdict: Verdict, gone: frozenset[int]
    ) -> tuple[Finding, tuple[int, ...]]:
        """Write what was recognised and must stay all the same."""
        entries = outermost(self._facts.tree, sorted(gone))
        sentences = []
        for entry in entries:
            reason = verdict.named.get(entry) or verdict.held_back.get(entry, "")
            name = display_name(self._facts.tree.name(entry))
            sentences.append(f"{name} stays: {reason}" if len(entries) > 1 else f"Kept: {reason}")
        own = [
            sentence for sighting in group for sentence in sighting.evidence if len(gone) == len(entries) == 1
        ]
        kin = family_sentences(entries[0], self._facts, self._kinship) if len(entries) == 1 else ()
        evidence = (*sentences, *own, *kin)
        finding = self._write(rule, group, gone, entries=entries, evidence=evidence, safety=Safety.KEEP)
        return finding, entries

    def _write(
        self,
        rule: Rule,
        group: tuple[Sighting, ...],
        chosen: frozenset[int],
        *,
        entries: tuple[int, ...],
        evidence: tuple[str, ...],
        safety: Safety,
        offers: tuple[Offer, ...] = (),
    ) -> Finding:
        figures = measure(self._facts.tree, entries)
        first = group[0]
        words = self._words(rule, group, chosen, entries, figures)
        held = figures.held_by_links
        if held:
            evidence = (*evidence, f"{format_size(held)} of it would stay: other names of these files stay.")
        return Finding(
            rule=rule.id,
            title=fill(first.title or rule.title, words),
            family=rule.family,
            tag=rule.tag,
            paths=tuple(self._facts.path(entry) for entry in entries),
            entries=entries,
            safety=safety,
            what=fill(rule.explain.what, words),
            evidence=(*fill_sentences(rule.explain.why, words), *dict.fromkeys(evidence)),
            cost=fill(rule.explain.cost, words),
            recover=fill(rule.explain.recover, words),
            # Who reads that something stays is shown how to look at it, not how to remove it.
            command=fill(_LOOK if safety is Safety.KEEP else rule.explain.command, words),
            apparent_size=figures.apparent_size,
            disk_size=figures.disk_size,
            shared_size=held + sum(sighting.shared for sighting in group),
            newest_mtime_ns=figures.newest_mtime_ns,
            offers=offers,
            source=rule.explain.source,
            members=tuple(member for sighting in group for member in sighting.members),
        )

    def _words(
        self,
        rule: Rule,
        group: tuple[Sighting, ...],
        chosen: frozenset[int],
        entries: tuple[int, ...],
        figures: Figures,
    ) -> dict[str, str]:
        facts = self._facts
        paths = [shell_word(facts.path(entry)) for entry in entries[:_SHOWN]]
        if len(entries) > _SHOWN:
            paths.append(f"# and {len(entries) - _SHOWN:,} more")
        top = entries[0]
        words = {
            "name": display_name(facts.tree.name(top)) if len(entries) == 1 else subjects(rule, len(chosen)),
            "place": display_path(facts.relative(top)) or display_path(facts.path(top)),
            "path": paths[0],
            "paths": " ".join(paths),
            "parent": shell_word(facts.path(max(facts.tree.parent(top), 0))),
            "subjects": subjects(rule, len(chosen)),
            "size": facts.shown_size(*entries),
            "disk": format_size(figures.disk_size),
            "age": facts.shown_age(*entries),
        }
        for sighting in group:
            words.update(sighting.words)
        tally: dict[str, int] = {}
        for sighting in group:
            for name, number in sighting.tally.items():
                tally[name] = tally.get(name, 0) + number
        words.update({name: f"{number:,}" for name, number in tally.items()})
        return words

    def _offers(
        self, rule: Rule, group: tuple[Sighting, ...], remaining: frozenset[int]
    ) -> tuple[Offer, ...]:
        proposals: dict[tuple[Action, str, str, ActionOptions], list[Part]] = {}
        for sighting in group:
            for proposal in sighting.proposals or self._default_proposals(rule, sighting):
                key = (proposal.action, proposal.label, proposal.note, proposal.options)
                proposals.setdefault(key, []).extend(proposal.parts)
        offers = []
        for (action, label, note, options), parts in proposals.items():
            entries = outermost(self._facts.tree, _going(parts, remaining))
            if entries:
                count = len(remaining.intersection(owner for part in parts for owner in part.of))
                shown = subjects(rule, count)
                name = display_name(self._facts.tree.name(entries[0])) if len(entries) == 1 else shown
                words = {"subjects": shown, "name": name}
                offer = self._offer(action, fill(label, words), fill(note, words), entries)
                offers.append(replace(offer, options=options))
        return tuple(offers)

    def _sharing(self, label: str, note: str, entries: tuple[int, ...], figures: Figures) -> Offer:
        """Return an offer to share blocks: of files of one size, the first keeps its own."""
        tree = self._facts.tree
        first: dict[int, int] = {}
        for entry in entries:
            first.setdefault(tree.entry(entry).identity.size, entry)
        saved = measure(tree, [entry for entry in entries if entry not in first.values()])
        return Offer(
            action=Action.DEDUPE,
            label=label,
            paths=tuple(self._facts.path(entry) for entry in entries),
            apparent_size=figures.apparent_size,
            disk_size=figures.disk_size,
            frees_now=saved.freed,  # shared blocks are given back at once
            frees_after_purge=saved.freed,
            note=note,
        )

    def _offer(self, action: Action, label: str, note: str, entries: tuple[int, ...]) -> Offer:
        figures = measure(self._facts.tree, entries)
        if action is Action.DEDUPE:
            return self._sharing(label, note, entries, figures)
        return Offer(
            action=action,
            label=label,
            paths=tuple(self._facts.path(entry) for entry in entries),
            apparent_size=figures.apparent_size,
            disk_size=figures.disk_size,
            # Trashing is a rename within the filesystem, archiving ends with it; the owner's tool deletes.
            frees_now=figures.freed if action is Action.NATIVE else 0,
            frees_after_purge=0 if action in _FREES_NOTHING else figures.freed,
            note=note,
            is_at_most=action in _MAKES_SMALLER,
        )

    def _default_proposals(self, rule: Rule, sighting: Sighting) -> Iterator[Proposal]:
        for action in (Action(name) for name in rule.actions):
            label = rule.label or "{Action} {subjects}"
            label = label.replace("{Action}", _ACTIONS[action])
            if action is Action.NATIVE:
                yield from self._native(rule, sighting, label)
            else:
                yield Proposal(action, label, sighting.all_parts)

    def _native(self, rule: Rule, sighting: Sighting, label: str) -> Iterator[Proposal]:
        """Yield the owner's command: once, or for each part where the command names a path."""
        words = (*rule.native, *rule.preview)
        if not any("{" in word for word in words):
            options = ActionOptions(command=rule.native, preview=rule.preview)
            yield Proposal(Action.NATIVE, label, sighting.all_parts, options=options)
            return
        for part in sighting.all_parts:
            path = self._facts.path(part.entry)
            above = self._facts.path(max(self._facts.tree.parent(part.entry), 0))
            try:
                # What the command is given must survive a plan's document: names that are no text do not.
                filled = {
                    "path": path.decode(),
                    "parent": above.decode(),
                    "name": os.path.basename(path).decode(),
                }
            except UnicodeDecodeError:
                continue
            options = ActionOptions(
                command=tuple(fill(word, filled) for word in rule.native),
                preview=tuple(fill(word, filled) for word in rule.preview),
            )
            yield Proposal(Action.NATIVE, label, (part,), options=options)


def _going(parts: Sequence[Part], remaining: frozenset[int]) -> list[int]:
    """Return what may go when exactly these subjects go: nothing that another subject still needs."""
    return [part.entry for part in parts if all(owner in remaining for owner in part.of)]
