"""A rule as its file says it. Reading one checks every key; nothing here touches a disk."""

from __future__ import annotations

from typing import Literal

import msgspec

from dusk.rules.place import Place
from dusk.settings import Retention

Kind = Literal["any", "file", "directory", "symlink"]
Level = Literal["safe", "costly", "review", "keep"]
Anchor = Literal["self", "parent", "grandparent", "root"]
Offered = Literal[
    "trash", "archive", "compress", "rotate", "split", "requeue", "dedupe", "empty-dirs", "native"
]


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the first bytes of a file must say."""

    file: str = ""
    """Child of the directory to read; empty reads the entry itself."""
    starts_with: str = ""
    """Text that the file begins with."""
    starts_with_hex: str = ""
    """The same for bytes that are no text: ``"7f454c46"``."""
    contains: tuple[str, ...] = ()
    """Texts of which each must occur in the first 64 KiB."""


class Match(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an entry must be. Everything named here must hold; empty fields ask nothing."""

    names: tuple[str, ...] = ()
    """Patterns for the entry's own name, as a shell writes them; one must match."""
    kind: Kind = "any"
    """What the entry must be."""
    anchor: Anchor = "self"
    """For rules with an inspector: which directory it is given once that is complete."""
    subject: Literal["self", "parent"] = "self"
    """Whether the entry or the directory that holds it is what was recognised."""
    markers: tuple[str, ...] = ()
    """Children that must all be there."""
    any_marker: tuple[str, ...] = ()
    """Children of which one must be there."""
    without: tuple[str, ...] = ()
    """Children that must not be there."""
    only: tuple[str, ...] = ()
    """Names that every child of what was recognised must have: with anything else in it, it is somebody's."""
    beside: tuple[str, ...] = ()
    """Siblings that must all be there."""
    beside_any: tuple[str, ...] = ()
    """Siblings of which one must be there."""
    not_beside: tuple[str, ...] = ()
    """Siblings that must not be there."""
    place: str = ""
    """Id of a place that the entry must be: where variables and config files put it, or its default."""
    within: str = ""
    """Id of a place that the entry must lie in, at any depth."""
    not_within: tuple[str, ...] = ()
    """Ids of places that the entry must not lie in."""
    below: tuple[str, ...] = ()
    """Names of which some directory above must have one."""
    not_below: tuple[str, ...] = ()
    """Names that no directory above may have."""
    minimum_size: str = "0"
    """Smallest apparent size."""
    maximum_size: str = ""
    """Biggest apparent size; empty for any."""
    older_than: str = ""
    """Least age of the newest change: ``7d``, or the name of a threshold of the settings."""
    content: Content | None = None
    """What the file must begin with."""
    minimum_hits: int = 1
    """How many names must match in one directory before an inspector is asked."""
    managed: bool = False
    """Whether it also counts inside what a package manager installed."""


class Explain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a new member of a team needs to know, each part short. ``{name}`` and the like are filled in."""

    what: str
    """What this is and why it is here."""
    cost: str
    """What deleting it costs."""
    recover: str
    """How it comes back, with an estimate."""
    why: tuple[str, ...] = ()
    """Why dusk thinks so, said before the evidence that was found."""
    command: str = ""
    """The command by hand."""
    source: str = ""
    """Where the facts come from."""


class Series(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Siblings that are one thing again and again: backups, rotated logs. One suggestion for each series."""

    pattern: str
    """Regular expression for whole names; its group ``stem`` is what the members share, its group
    ``number`` their place."""
    order: Literal["rising", "falling", "time"] = "time"
    """Whether the biggest number is the newest, the smallest is, or the time of the last change tells."""


class ExampleEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry of an example tree that is more than an empty file."""

    path: str
    """Relative path; a trailing slash makes a directory."""
    text: str = ""
    """What the file says."""
    hex: str = ""
    """The same for bytes that are no text: ``"ffffffff"``."""
    size: str = ""
    """Apparent size; the file is sparse behind its text."""
    age: str = "30d"
    """How long ago it changed."""
    link: str = ""
    """Target, for a symbolic link."""


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A small tree that shows what a rule matches and what only looks alike."""

    tree: tuple[str | ExampleEntry, ...]
    """Entries; plain text is the path of an old, nearly empty file."""
    matches: tuple[str, ...] = ()
    """Paths that the rule's findings must name, and no others; empty for a look-alike."""
    variables: dict[str, str] = {}
    """Variables of the environment, their values as paths below the example's tree."""
    offered: bool = True
    """Whether something must be offered for the match."""
    note: str = ""
    """What it shows."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of thing: how to recognise it, what to say of it, what may be done."""

    id: str
    """Unique, lower case with hyphens."""
    title: str
    """What it is, in a few words."""
    family: str
    """Group in lists."""
    tag: str
    """At most 14 cells for the row of the tree."""
    safety: Level
    """How much losing it would hurt."""
    explain: Explain
    """What to say of it."""
    match: Match = Match()
    """What to look for; empty when another rule's inspector reports it."""
    inspector: str = ""
    """Name of the Python inspector that reads what TOML cannot express."""
    actions: tuple[Offered, ...] = ()
    """What is offered, the default first."""
    native: tuple[str, ...] = ()
    """The owner's command for the action ``native``, word by word; ``{path}``, ``{parent}`` and ``{name}``
    are filled in."""
    preview: tuple[str, ...] = ()
    """The command that only says what ``native`` would do; empty where the tool has none."""
    label: str = ""
    """What a menu shows for the actions: ``"{Action} {subjects}"`` when empty."""
    noun: tuple[str, str] = ("entry", "entries")
    """What one and several of it are called in labels."""
    parts: tuple[str, ...] = ()
    """What its tool writes, by name or by path: it does not count as something to keep inside the unit. ``*``
    is all but what people make, which must be named as well where it is safe; ``*.*`` is everything."""
    own_levels: int | None = None
    """In how many levels below it only its tool writes, so that what people make holds it back: all of what
    is safe; one of what is costly and has ``*`` among its parts; else none."""
    whole: bool = False
    """Whether its parts may only go together with it, but for what a rule offers."""
    seals: bool = False
    """For rules that keep: nothing inside may be suggested either."""
    admits: bool = False
    """For rules that seal: whether the owner's own command may be suggested inside all the same."""
    yields: bool = False
    """For rules that speak of anything anywhere: whether they say nothing inside what another rule knows."""
    references: bool = False
    """Whether a config, script or adapter that names it takes it off the list."""
    in_use: Literal["ignore", "ask", "must-be-free"] = "ask"
    """What an answer about open files means; ``must-be-free`` offers nothing where nobody can tell."""
    live: bool = True
    """Whether a recent change means that something is at work in it."""
    kinds: tuple[str, ...] = ()
    """Numbers of the kinds of disk hog that it covers, as ``docs/rules.md`` lists them: ``K07``."""
    group: Literal["", "project"] = ""
    """Whether all of one project become one finding."""
    series: Series | None = None
    """How siblings that it matches belong together; of each series `retain` says what stays."""
    retain: Retention | None = None
    """What stays of a series when the settings say nothing; the newest and the best without it."""
    examples: tuple[Example, ...] = ()
    """Trees to test the rule with."""


class RuleFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of rules."""

    rule: tuple[Rule, ...] = ()
    """The rules, as ``[[rule]]`` tables."""
    place: tuple[Place, ...] = ()
    """Places that rules may name, as ``[[place]]`` tables."""
