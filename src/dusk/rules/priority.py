"""What comes first: what frees most, weighted by how easily it can go; and how much each matters."""

from __future__ import annotations

from dataclasses import dataclass

from dusk.rules.finding import Finding
from dusk.rules.safety import Safety
from dusk.rules.severity import Severity
from dusk.scan.entry import Measure

# How much a byte counts for the order: what comes back by itself is the easiest choice.
_WEIGHT = {Safety.SAFE: 1.0, Safety.COSTLY: 0.6, Safety.REVIEW: 0.35, Safety.KEEP: 0.0}
_NOTHING_OFFERED = 0.01
_MIB = 1024**2
_GIB = 1024**3
# A fiftieth of what was scanned, or of the disk: the same part of a small box and of a big one. There can
# never be more than fifty such things, and what is tiny anyway is not among them.
_CRITICAL_PART, _CRITICAL_LEAST, _CRITICAL_LEAST_OF_DISK = 0.02, 256 * _MIB, 8 * _GIB
_WORTH_PART, _WORTH_LEAST = 0.001, 64 * _MIB
_WORTH_ALWAYS = _GIB


@dataclass(frozen=True, slots=True)
class Scale:
    """What sizes are compared with."""

    measure: Measure
    """Which of the two sizes counts."""
    scanned: int = 0
    """Bytes of everything scanned, in that measure."""
    filesystem: int = 0
    """Bytes that the filesystem can hold; 0 where nobody can tell."""

    def gain(self, finding: Finding) -> int:
        """Return the bytes that come free with the default choice, or would if one were offered."""
        offer = finding.default_offer
        if self.measure is Measure.APPARENT:
            return finding.apparent_size if offer is None else min(finding.apparent_size, offer.apparent_size)
        return finding.disk_size if offer is None else min(finding.disk_size, offer.frees_after_purge)

    def severity(self, finding: Finding) -> Severity:
        """Return how much a finding matters: its bytes, their part of the disk, how easily they can go."""
        if finding.is_keep:
            return Severity.NONE
        gain = self.gain(finding)
        if finding.offers and self._is_critical(gain):
            return Severity.CRITICAL
        weighted = gain * _WEIGHT[finding.safety]
        if weighted >= _WORTH_ALWAYS:
            return Severity.WORTH_DOING
        is_worth = weighted >= max(_WORTH_PART * self.scanned, _WORTH_LEAST)
        return Severity.WORTH_DOING if is_worth else Severity.TIDY_UP

    def order(self, finding: Finding) -> tuple[bool, float, float, str, bytes]:
        """Return what to sort by: the best first, what to keep last."""
        weight = _WEIGHT[finding.safety] * (1.0 if finding.offers else _NOTHING_OFFERED)
        first = finding.paths[0] if finding.paths else b""
        key = -self.gain(finding) * weight
        return (finding.is_keep, key, -float(finding.apparent_size), finding.rule, first)

    def _is_critical(self, gain: int) -> bool:
        if gain >= max(_CRITICAL_PART * self.scanned, _CRITICAL_LEAST):
            return True
        least = max(_CRITICAL_PART * self.filesystem, _CRITICAL_LEAST_OF_DISK)
        return self.filesystem > 0 and gain >= least
