"""Weighing what was seen against everything else: references, files to keep, open files, shared bytes."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass

from dusk.fs.names import display_name, display_path
from dusk.fs.protected import Protection
from dusk.fs.units import parse_size
from dusk.rules.apportionment import apportioned
from dusk.rules.composing import Composer, Verdict
from dusk.rules.facts import Facts
from dusk.rules.family_findings import family_findings
from dusk.rules.finding import Finding
from dusk.rules.holding import HoldDesk
from dusk.rules.keep_findings import keep_findings
from dusk.rules.keeping import KeepIndex, Kept
from dusk.rules.kinship import Kinship
from dusk.rules.naming import Naming, ReferenceDesk
from dusk.rules.package_owner import PackageOwner
from dusk.rules.priority import Scale
from dusk.rules.probe import CannotTellError
from dusk.rules.rule import Rule
from dusk.rules.rulebook import RuleBook
from dusk.rules.sighting import Part, Sighting
from dusk.rules.wording import fill
from dusk.rules.yielding import without_owned, without_sealed
from dusk.scan.tree import ROOT
from dusk.settings import Settings

_ASKED_SINGLY = 32


@dataclass(frozen=True, slots=True)
class Judgement:
    """All findings at one moment. Never changed, so that any thread may read it."""

    findings: tuple[Finding, ...]
    """Best first, what to keep last."""
    by_entry: dict[int, Finding]
    """The finding about exactly this entry."""
    keeps: KeepIndex
    """What must be kept, by directory."""


class Settlement:
    """Turns sightings into findings."""

    def __init__(
        self, facts: Facts, book: RuleBook, references: ReferenceDesk, holds: HoldDesk, settings: Settings
    ) -> None:
        """Weigh with these facts."""
        self._facts = facts
        self._book = book
        self._references = references
        self._holds = holds
        self._packages = PackageOwner(facts.prober)
        self._filesystem: int | None = None
        self._settings = settings
        self._protection: Protection | None = None
        try:
            self._minimum = parse_size(settings.thresholds.minimum_size)
        except ValueError:
            self._minimum = 0

    def settle(self, sightings: Sequence[Sighting], kept: Sequence[Kept]) -> Judgement:
        """Return the findings that hold now; `is_waiting` says whether some answer is still missing."""
        tree = self._facts.tree
        self._holds.begin()
        seen = [sighting for sighting in sightings if self._is_alive(sighting)]
        kept = [group for group in kept if not all(tree.is_removed(entry) for entry in group.entries)]
        seen, kept = without_sealed(seen, kept, self._facts, self._book)
        seen = without_owned(seen, kept, self._facts, self._book)
        keeps = self._index(seen, kept)
        weighed = self._weigh(seen, keeps)
        kinship = Kinship(self._facts)
        composer = Composer(self._facts, kinship)
        found: list[tuple[Finding, tuple[int, ...]]] = []
        for rule, group, verdict in weighed:
            found += composer.compose(rule, group, verdict)
        findings = [*apportioned(found, self._facts), *keep_findings(self._facts, self._book, keeps.kept)]
        findings += family_findings(self._facts, self._book, kinship)
        findings = [finding for finding in findings if finding.is_keep or self._is_big_enough(finding)]
        scale = self._scale()
        findings = [dataclasses.replace(finding, severity=scale.severity(finding)) for finding in findings]
        findings.sort(key=scale.order)
        by_entry: dict[int, Finding] = {}
        for is_keep in (False, True):  # what is kept has the last word
            for finding in reversed(findings):
                if finding.is_keep is is_keep:
                    by_entry.update(dict.fromkeys(finding.entries, finding))
        return Judgement(tuple(findings), by_entry, keeps)

    def _index(self, seen: Sequence[Sighting], kept: Sequence[Kept]) -> KeepIndex:
        units: dict[int, tuple[str, ...]] = {}
        whole: set[int] = set()
        for sighting in seen:
            rule = self._book.by_id[sighting.rule]
            for proposal in sighting.proposals:
                for part in proposal.parts:
                    units.setdefault(part.entry, ())
            units.update((part.entry, rule.parts) for part in sighting.all_parts)
            if rule.whole:
                whole.update(sighting.subjects)
        return KeepIndex.build(self._facts.tree, kept, units, frozenset(whole))

    @property
    def is_waiting(self) -> bool:
        """Whether questions about open files are left for the next time."""
        return self._holds.is_waiting

    def _weigh(
        self, seen: Sequence[Sighting], keeps: KeepIndex
    ) -> list[tuple[Rule, tuple[Sighting, ...], Verdict]]:
        """Decide about every subject; what stays makes stay what holds it."""
        named = self._named(seen)
        weighed = [(rule, group, self._judge(group, keeps, named)) for rule, group in self._grouped(seen)]
        staying: set[int] = set()
        while True:
            new = {
                subject: rule
                for rule, _, verdict in weighed
                for subject in (*verdict.named, *verdict.held_back)
                if subject not in staying
            }
            if not new:
                break
            staying.update(new)
            keeps.add_units(new.items())
            for _, group, verdict in weighed:
                self._hold_back_blocked(group, verdict, keeps)
        for rule, group, verdict in weighed:
            self._ask_holders(rule, group, verdict)
        keeps.add_units(
            (subject, rule)
            for rule, _, verdict in weighed
            for subject in verdict.held_back
            if subject not in staying
        )
        return weighed

    def _is_alive(self, sighting: Sighting) -> bool:
        return not any(self._facts.tree.is_removed(subject) for subject in sighting.subjects)

    def _grouped(self, seen: Sequence[Sighting]) -> list[tuple[Rule, tuple[Sighting, ...]]]:
        groups: dict[tuple[str, int], list[Sighting]] = {}
        for number, sighting in enumerate(seen):
            rule = self._book.by_id[sighting.rule]
            place = -1 - number
            if rule.group == "project":
                place = self._facts.ground.project(sighting.subjects[0])
            groups.setdefault((sighting.rule, place), []).append(sighting)
        return [
            # The biggest is the most telling; within a sighting its own order stands (links before blobs).
            (self._book.by_id[rule], tuple(sorted(group, key=self._weight, reverse=True)))
            for (rule, _), group in groups.items()
        ]

    def _weight(self, sighting: Sighting) -> int:
        return sum(self._facts.tree.apparent_size(subject) for subject in sighting.subjects)

    def _named(self, seen: Sequence[Sighting]) -> dict[int, Naming]:
        """Ask once per project who names the candidates that a reference would save."""
        asking = [sighting for sighting in seen if self._book.by_id[sighting.rule].references]
        wanted: dict[int, tuple[str, ...]] = {}
        for sighting in asking:
            wanted.update((subject, sighting.needles.get(subject, ())) for subject in sighting.subjects)
        units = frozenset(subject for sighting in seen for subject in sighting.subjects)
        return self._references.ask(wanted, units)

    def _judge(self, group: tuple[Sighting, ...], keeps: KeepIndex, named: dict[int, Naming]) -> Verdict:
        verdict = Verdict()
        self._hold_back_blocked(group, verdict, keeps)
        for sighting in group:
            for subject in sighting.subjects:
                naming = named.get(subject)
                if naming is not None and not naming.known:
                    verdict.pending = naming.sentence
                elif naming is not None and naming.reference is not None:
                    verdict.named[subject] = naming.sentence
                elif naming is not None and naming.sentence not in verdict.searched:
                    verdict.searched.append(naming.sentence)
            if sighting.withheld:
                verdict.withhold(sighting.withheld)
        return verdict

    def _hold_back_blocked(self, group: tuple[Sighting, ...], verdict: Verdict, keeps: KeepIndex) -> None:
        """Take off the list what holds things to keep, and what lies where nothing is suggested."""
        if self._book.by_id[group[0].rule].actions == ("native",):
            return  # dusk touches nothing there; the owner knows which of its files it needs
        for sighting in group:
            for part in sighting.all_parts:
                if part.entry == ROOT:
                    # It is what it is, but what names it and what it holds up was not looked at.
                    verdict.withhold("it is what was scanned: scan the directory above to judge it.")
                if self._facts.has_closed(part.entry):
                    verdict.hold_back(
                        part.of, "Part of it cannot be looked at, so nobody knows what is in it."
                    )
                    continue
                sealed = keeps.seal_above(part.entry)
                if sealed is not None:
                    name = display_name(self._facts.tree.name(sealed))
                    verdict.hold_back(part.of, f"It lies in {name}, in which nothing is suggested.")
                    continue
                path = self._facts.path(part.entry)
                reason = self._packages.reason(path) or self._protected(path)
                if reason:
                    verdict.hold_back(part.of, reason)
                    continue
                blockers = keeps.blockers(part.entry)
                if blockers:
                    verdict.hold_back(part.of, self._blocked(blockers))

    def _protected(self, path: bytes) -> str:
        """Say why no action may touch a path; empty when one may, or when only the gate can tell."""
        if self._protection is None:
            try:
                self._protection = self._facts.prober.run(lambda: Protection.load(self._settings))
            except CannotTellError:
                self._protection = Protection(())
        reason = self._protection.reason(path)
        return f"No action of dusk touches it: it {reason}." if reason else ""

    def _ask_holders(self, rule: Rule, group: tuple[Sighting, ...], verdict: Verdict) -> None:
        if rule.in_use == "ignore" or verdict.pending:
            return
        if verdict.withheld and not self._is_being_written(rule, group):
            return
        gone = verdict.held_back.keys() | verdict.named.keys()
        asking: dict[int, dict[int, None]] = {}
        for sighting in group:
            # A blob that a program has mapped lies outside of the snapshot that is the subject.
            for part in (*(Part(one, (one,)) for one in sighting.subjects), *sighting.parts):
                staying = dict.fromkeys(one for one in part.of if one not in gone)
                if staying:
                    asking.setdefault(part.entry, {}).update(staying)
        for asked, about in self._questions(asking):
            holding = self._holds.ask(asked)
            if holding is None:
                verdict.pending = "dusk is still looking for programs that have it open."
            elif holding.state == "held":
                verdict.hold_back(about, holding.sentence)
            elif verdict.withheld:
                continue
            elif holding.state == "unknown" and rule.in_use == "must-be-free":
                verdict.hold_back(about, holding.sentence or "dusk cannot tell whether it is in use.")
            elif holding.state == "free":
                verdict.free = holding.sentence
            elif holding.sentence not in verdict.searched:
                verdict.searched.append(holding.sentence)

    def _is_being_written(self, rule: Rule, group: tuple[Sighting, ...]) -> bool:
        """Return whether a program may be at work on what would be safe otherwise: then it is named."""
        subjects = [subject for sighting in group for subject in sighting.subjects]
        return rule.safety == "safe" and self._facts.age(*subjects) < self._facts.ages.incomplete_after

    def _questions(self, asking: dict[int, dict[int, None]]) -> list[tuple[int, tuple[int, ...]]]:
        """Return what to ask and about which subjects: each entry, or directories when there are many."""
        if len(asking) <= _ASKED_SINGLY:
            return [(entry, tuple(about)) for entry, about in asking.items()]
        by_directory: dict[int, dict[int, None]] = {}
        for entry, about in asking.items():
            by_directory.setdefault(self._facts.tree.parent(entry), {}).update(about)
        return [(directory, tuple(about)) for directory, about in by_directory.items()]

    def _blocked(self, blockers: list[Kept]) -> str:
        first = blockers[0]
        name = display_path(self._facts.relative(first.entries[0]))
        rule = self._book.by_id[first.rule]
        title = fill(rule.title, {}).lower() if rule.safety == "keep" else "it stays"
        more = sum(len(blocker.entries) for blocker in blockers) - 1
        others = f" and {more:,} more to keep" if more else ""
        return f"It holds {name} ({title}){others}."

    def _is_big_enough(self, finding: Finding) -> bool:
        return self._minimum == 0 or max(finding.apparent_size, finding.disk_size) >= self._minimum

    def _scale(self) -> Scale:
        """Return what sizes are compared with: what was scanned, and the filesystem that it lies on."""
        facts = self._facts
        if self._filesystem is None:
            try:
                status = facts.prober.run(lambda: os.statvfs(facts.path(ROOT)))
                self._filesystem = status.f_blocks * status.f_frsize
            except CannotTellError:
                self._filesystem = 0
        return Scale(facts.measure, facts.size(ROOT), self._filesystem)
