"""What belongs together, as findings that list the members, and as sentences about each of them."""

from __future__ import annotations

import collections

from dusk.fs.names import display_name, display_path, shell_word
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.families import Model
from dusk.rules.finding import Finding
from dusk.rules.kinship import Kinship, is_like
from dusk.rules.rulebook import RuleBook
from dusk.rules.safety import Safety
from dusk.rules.wording import fill

RULE = "model-family"
_NAMED = 4
_LISTED = 20


def family_findings(facts: Facts, book: RuleBook, kinship: Kinship) -> list[Finding]:
    """Return one finding for each family: its members with what each is to the others.

    The bytes belong to the members' own findings, so these have none.
    """
    rule = book.by_id.get(RULE)
    if rule is None:
        return []
    findings = []
    for members in kinship.families:
        first = members[0]
        paths = [shell_word(facts.path(model.entry)) for model in members]
        words = {
            "model": display_name(first.kind),
            "count": count_noun(len(members), "member"),
            "path": paths[0],
            "paths": " ".join(paths),
        }
        findings.append(
            Finding(
                rule=rule.id,
                title=fill(rule.title, words),
                family=rule.family,
                tag=rule.tag,
                paths=tuple(facts.path(model.entry) for model in members),
                entries=tuple(model.entry for model in members),
                safety=Safety(rule.safety),
                what=fill(rule.explain.what, words),
                evidence=(
                    f"All have {first.layers} layers of width {first.width:,}, and parameters within 2 %.",
                    *(f"{_place(one, facts)}: {_is(one, facts, kinship)}." for one in members[:_LISTED]),
                    *([f"And {len(members) - _LISTED:,} more."] if len(members) > _LISTED else ()),
                ),
                cost=fill(rule.explain.cost, words),
                recover=fill(rule.explain.recover, words),
                command=fill(rule.explain.command, words),
                apparent_size=0,
                disk_size=0,
                shared_size=0,
                newest_mtime_ns=max(facts.tree.newest_mtime_ns(model.entry) for model in members),
                source=rule.explain.source,
                members=tuple(facts.path(model.entry) for model in members),
            )
        )
    return findings


def family_sentences(entry: int, facts: Facts, kinship: Kinship) -> tuple[str, ...]:
    """Return what the rest of its family says about a model; nothing for one without kin."""
    linked = _linked(entry, facts)
    model = facts.families.models.get(entry)
    if model is None:
        return linked
    kin: dict[str, list[Model]] = {}
    counts: collections.Counter[str] = collections.Counter()
    for alike in kinship.alike(model):
        others = [one for one in alike[: _NAMED + 1] if one.entry != entry]
        if others:
            relation = _relation(model, others[0])
            kin.setdefault(relation, []).extend(others)
            counts[relation] += len(alike) - is_like(model, alike[0])
    said = [sentence.replace("{}", _places(some, counts[sentence], facts)) for sentence, some in kin.items()]
    merged = _merged(model, facts, kinship)
    adapters = kinship.adapters_on(model)
    if adapters:
        named = ", ".join(display_path(facts.relative(one.entry)) for one in adapters[:_NAMED])
        back = "; loading it downloads this again" if model.identifier else ""
        said.append(f"{count_noun(len(adapters), 'adapter')} built on it: {named}{back}.")
    return (*linked, *said, *([merged] if merged else []))


def _linked(entry: int, facts: Facts) -> tuple[str, ...]:
    """Say which directories hold links into a repository of the hub cache, which would lead nowhere."""
    known = facts.families.links.get(facts.tree.name(entry), {})
    places = [one for one in known if not facts.tree.is_removed(one)]
    if not places:
        return ()
    shown = ", ".join(display_path(facts.relative(one)) for one in places[:_NAMED])
    return (f"Links in {shown} lead into it and would lead nowhere without it.",)


def _relation(model: Model, other: Model) -> str:
    """Return a sentence that says what another model is to this one, with a gap for its place."""
    if other.form == "GGUF":
        return "GGUF files of this shape are {}: full weights give them again, if they are one model."
    if model.form == "GGUF":
        return "Full weights of this shape are in {}: this file can be made from them, if they are one model."
    if model.precision != other.precision and model.precision and other.precision:
        return (
            f"As many parameters in {display_name(other.precision)} are in {{}}: a cast of it, or another "
            "training; headers cannot tell."
        )
    if model.layout and model.layout == other.layout:
        return (
            "Tensors of the same names and shapes are in {}, as base, fine-tuned and merged models have "
            "them: kin, not a duplicate."
        )
    return "The same shape is in {}."


def _places(models: list[Model], count: int, facts: Facts) -> str:
    shown = ", ".join(_place(model, facts) for model in models[:_NAMED])
    return f"{shown} and {count - _NAMED:,} more" if count > _NAMED else shown


def _is(model: Model, facts: Facts, kinship: Kinship) -> str:
    """Say what a member is and why it stays, where something keeps it."""
    size = facts.shown_size(model.entry)
    what = f"{model.form}, {model.precision or 'precision unknown'}, {size}"
    adapters = kinship.adapters_on(model)
    if adapters:
        named = ", ".join(display_path(facts.relative(one.entry)) for one in adapters[:3])
        return f"{what}; stays, for {named} is built on it"
    return what


def _merged(model: Model, facts: Facts, kinship: Kinship) -> str:
    """Say when a model looks like a base with an adapter merged in, both of which are still there."""
    name = display_name(facts.tree.name(model.entry)).lower()
    for base in kinship.bases(model):
        if base.entry == model.entry or not model.layout or base.layout != model.layout:
            continue
        for adapter in kinship.adapters_on(base):
            own = display_name(facts.tree.name(adapter.entry)).lower()
            if (len(own) > 3 and own in name) or "merged" in name:
                return (
                    f"By its name it is {_place(base, facts)} with the adapter "
                    f"{display_path(facts.relative(adapter.entry))} merged in. Both are still here, so it "
                    "can be merged again; only the name says so."
                )
    return ""


def _place(model: Model, facts: Facts) -> str:
    return display_path(facts.relative(model.entry)) or display_name(facts.tree.name(model.entry))
