"""JSON documents of findings and explanations: names with surrogate escapes, bytes, seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dusk.fs.names import json_text
from dusk.report.layout import option_letters, sized
from dusk.rules.finding import Action, Finding, Offer
from dusk.scan.entry import Measure

if TYPE_CHECKING:
    from dusk.rules.explain import Explanation


def finding_document(finding: Finding, measure: Measure = Measure.DISK) -> dict[str, Any]:
    """Return one finding.

    ``paths``, ``size``, ``apparent_size``, ``disk_size`` and both freed figures are those of the default
    action: exactly what it would act on. ``about`` is everything that the finding is about.
    """
    offer = finding.default_offer
    apparent = offer.apparent_size if offer else finding.apparent_size
    disk = offer.disk_size if offer else finding.disk_size
    return {
        "rule": finding.rule,
        "title": finding.title,
        "family": finding.family,
        "tag": finding.tag,
        "paths": [json_text(path) for path in (offer.paths if offer else finding.paths)],
        "safety": finding.safety.value,
        "severity": finding.severity.value,
        "action": (offer.action if offer else Action.NONE).value,
        "measure": measure.value,
        "size": sized(apparent, disk, measure),
        "apparent_size": apparent,
        "disk_size": disk,
        "shared_size": finding.shared_size,
        "frees_now": offer.frees_now if offer else 0,
        "frees_after_purge": offer.frees_after_purge if offer else 0,
        "newest_mtime": finding.newest_mtime_ns / 1e9,
        "what": finding.what,
        "why": " ".join(finding.evidence),
        "evidence": list(finding.evidence),
        "cost": finding.cost,
        "recover": finding.recover,
        "command": finding.command,
        "offers": [
            {"option": letter, **offer_document(one, measure)}
            for letter, one in zip(option_letters(), finding.offers, strict=False)
        ],
        "about": {
            "paths": [json_text(path) for path in finding.paths],
            "apparent_size": finding.apparent_size,
            "disk_size": finding.disk_size,
        },
        "kept": [json_text(path) for path in finding.members],
        "source": finding.source,
    }


def offer_document(offer: Offer, measure: Measure = Measure.DISK) -> dict[str, Any]:
    """Return one offer of a finding."""
    return {
        "action": offer.action.value,
        "label": offer.label,
        "paths": [json_text(path) for path in offer.paths],
        "size": sized(offer.apparent_size, offer.disk_size, measure),
        "apparent_size": offer.apparent_size,
        "disk_size": offer.disk_size,
        "frees_now": offer.frees_now,
        "frees_after_purge": offer.frees_after_purge,
        "is_at_most": offer.is_at_most,
        "note": offer.note,
    }


def explanation_document(explanation: Explanation, measure: Measure = Measure.DISK) -> dict[str, Any]:
    """Return the answer about one path; ``finding`` and ``inside`` are null where no rule knows it."""
    finding, inside = explanation.finding, explanation.inside
    return {
        "path": json_text(explanation.path),
        "title": explanation.title,
        "safety": explanation.safety.value,
        "what": explanation.what,
        "why": " ".join(explanation.evidence),
        "evidence": list(explanation.evidence),
        "cost": explanation.cost,
        "recover": explanation.recover,
        "command": explanation.command,
        "finding": finding_document(finding, measure) if finding else None,
        "inside": finding_document(inside, measure) if inside else None,
    }
