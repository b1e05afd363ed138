"""The rules as text: a list, one in full, and the page of all kinds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.report.layout import WIDTH, paragraph
from dusk.rules.kinds import Kind, covering
from dusk.rules.rule import Match, Rule

_PAGE = """# What dusk recognises

Kinds of things that fill the disks of machines with GPUs, and the rules that tell them. Each rule has
its safety: **safe** comes back by itself, **costly** when someone downloads, reinstalls or recomputes it,
**review** can be the only copy, **keep** is never suggested. `dusk rules show RULE` says all about one;
[writing-rules.md](writing-rules.md) shows how to add a kind.

This page is made by `scripts/rules-page` from the rules themselves.
"""


def rules_list(rules: Iterable[Rule]) -> str:
    """Return the rules by family, a line each."""
    ordered = sorted(rules, key=lambda rule: (rule.family, rule.id))
    width = max((len(display_name(rule.id)) for rule in ordered), default=0)
    lines: list[str] = []
    family = ""
    for rule in ordered:
        if rule.family != family:
            family = rule.family
            lines.append(display_name(family))
        lines.append(f"  {display_name(rule.id):<{width}}  {rule.safety:<6}  {display_name(rule.title)}")
    return "\n".join(lines)


def rule_text(rule: Rule, width: int = WIDTH) -> str:
    """Return one rule in full."""
    lines = [f"{display_name(rule.id)}: {display_name(rule.title)}"]
    for label, text in _facts(rule):
        if text:
            indent = " " * 14
            lines += paragraph(text, width, indent=indent, first=f"  {label:<10}  ")
    return "\n".join(lines)


def _facts(rule: Rule) -> Iterator[tuple[str, str]]:
    explain = rule.explain
    yield "family", rule.family
    yield "safety", rule.safety
    yield "kinds", ", ".join(rule.kinds)
    yield "what it is", explain.what
    yield "cost", explain.cost
    yield "comes back", explain.recover
    yield "by hand", explain.command
    yield "looks for", ", ".join(rule.match.names)
    yield "at place", rule.match.place
    for condition in _conditions(rule.match):
        yield "where", condition
    yield "read by", rule.inspector and f"the inspector {rule.inspector}"
    if rule.series is not None:
        yield "series", f"names like {rule.series.pattern}, in the order {rule.series.order}"
    if rule.retain is not None:
        best = "" if rule.retain.best is False else " and the best"
        yield "keeps", f"the newest {rule.retain.newest or 1}{best} of each series, unless settings say else"
    yield "offers", ", ".join(rule.actions) or "nothing by itself"
    yield "examples", _examples(rule)
    yield "source", explain.source


def _conditions(match: Match) -> Iterator[str]:
    """Yield what else must hold, in words."""
    for names, words in (
        (match.markers, "it holds all of"),
        (match.any_marker, "it holds one of"),
        (match.without, "it holds none of"),
        (match.beside, "beside it lie all of"),
        (match.beside_any, "beside it lies one of"),
        (match.not_beside, "beside it lies none of"),
        (match.below, "above it is one of"),
        (match.not_below, "above it is none of"),
    ):
        if names:
            yield f"{words} {', '.join(names)}"
    if match.within:
        yield f"it lies in the place {match.within}"
    if match.kind != "any":
        yield f"it is a {match.kind}"
    if match.minimum_size != "0":
        yield f"it has at least {match.minimum_size}"
    if match.maximum_size:
        yield f"it has at most {match.maximum_size}"
    if match.older_than:
        yield f"it is older than {match.older_than}"
    if match.content is not None:
        yield "its first bytes say what it is"


def _examples(rule: Rule) -> str:
    matching = sum(1 for example in rule.examples if example.matches)
    alike = len(rule.examples) - matching
    return (
        f"{count_noun(matching, 'match', 'matches')}, {count_noun(alike, 'look-alike')}"
        if rule.examples
        else ""
    )


def rules_page(rules: Sequence[Rule], kinds: Sequence[Kind]) -> str:
    """Return the page of all kinds as Markdown: each with its rules, or with the reason why there is none."""
    by_kind = covering(rules)
    lines = [_PAGE]
    group = ""
    for kind in kinds:
        if kind.group != group:
            group = kind.group
            lines += [f"## {group}", "", "| kind | what | rules |", "|---|---|---|"]
        lines.append(f"| {kind.id} | {_cell(kind.title)} | {_covered(kind, by_kind.get(kind.id, []))} |")
        if kinds[-1] is kind or kinds[kinds.index(kind) + 1].group != group:
            lines.append("")
    known = [rule for rule in rules if not rule.kinds]
    if known:
        lines += ["## Beyond these kinds", "", "| rule | safety | what |", "|---|---|---|"]
        lines += [f"| `{rule.id}` | {rule.safety} | {_cell(rule.title)} |" for rule in known]
        lines.append("")
    return "\n".join(lines)


def _covered(kind: Kind, rules: Sequence[Rule]) -> str:
    cells = list(dict.fromkeys(f"`{rule.id}` {rule.safety}" for rule in rules))
    if kind.none:
        cells.append(_cell(kind.none))
    return "<br>".join(cells)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
