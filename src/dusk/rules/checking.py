"""Whether a rule and a place can work: what their files' types alone do not say."""

from __future__ import annotations

import re
from collections.abc import Container

from dusk.fs.units import parse_size
from dusk.rules.ages import Ages
from dusk.rules.pattern import TriggerTable, is_literal
from dusk.rules.place import Place
from dusk.rules.rule import Match, Rule
from dusk.rules.series import Order
from dusk.settings import Thresholds, check_retention

_FILLED = re.compile(r"\{(\w*)\}")


def check_place(place: Place) -> None:
    """Raise ValueError, with the key first, for a place that cannot be found."""
    if not place.variables and not place.files and not place.defaults:
        raise ValueError("defaults: a variable, a file or a default is needed")
    for number, default in enumerate(place.defaults):
        if not default.startswith(("~/", "/")):
            raise ValueError(f"defaults[{number}]: must begin with ~/ or /, not {default!r}")
        try:
            TriggerTable().add((default.rsplit("/", 1)[-1],), 0)
        except ValueError as error:
            raise ValueError(f"defaults[{number}]: {error}") from error


def check_rule(rule: Rule, places: Container[str] = ()) -> None:
    """Raise ValueError, with the key first, for a rule that cannot work with these places."""
    _check_match(rule.match, places, has_inspector=bool(rule.inspector))
    if rule.inspector:
        from dusk.rules.inspectors import INSPECTORS

        if rule.inspector not in INSPECTORS:
            raise ValueError(f"inspector: there is none called {rule.inspector!r}")
    _check_series(rule)
    _check_native(rule)
    if rule.admits and not rule.seals:
        raise ValueError("admits: only for rules that seal")
    if rule.safety == "keep" and rule.actions:
        raise ValueError("actions: a rule that keeps offers nothing")


def _check_match(match: Match, places: Container[str], *, has_inspector: bool) -> None:
    if not match.names and not match.place and not has_inspector:
        raise ValueError("match.names: at least one name is needed")
    named = [("place", match.place), ("within", match.within)]
    named += [("not_within", place) for place in match.not_within]
    for key, place in named:
        if place and place not in places:
            raise ValueError(f"match.{key}: there is no place called {place!r}")
    try:
        TriggerTable().add(match.names, 0)
    except ValueError as error:
        raise ValueError(f"match.names: {error}") from error
    for key, text in (("minimum_size", match.minimum_size), ("maximum_size", match.maximum_size)):
        _check_value(f"match.{key}", text, parse_size)
    _check_value("match.older_than", match.older_than, Ages.from_thresholds(Thresholds()).named)
    if match.content is not None:
        _check_value("match.content.starts_with_hex", match.content.starts_with_hex, bytes.fromhex)
        if not is_literal(match.content.file):
            raise ValueError("match.content.file: must be one name")


def _check_series(rule: Rule) -> None:
    if rule.series is not None:
        Order.of(rule.series)
        if rule.inspector or rule.safety == "keep" or rule.match.subject != "self":
            raise ValueError("series: only for rules without an inspector that name the members themselves")
    if rule.retain is not None:
        check_retention("retain", rule.retain)


def _check_native(rule: Rule) -> None:
    if bool(rule.native) != ("native" in rule.actions) and not (rule.inspector and not rule.native):
        raise ValueError("native: the action native and the words of its command belong together")
    if rule.preview and not rule.native:
        raise ValueError("preview: there is no command that it previews")
    for key, words in (("native", rule.native), ("preview", rule.preview)):
        for word in words:
            unknown = [name for name in _FILLED.findall(word) if name not in ("path", "parent", "name")]
            if unknown:
                raise ValueError(
                    f"{key}: {{{unknown[0]}}} is not known; there are {{path}}, {{parent}} and {{name}}"
                )


def _check_value(key: str, text: str, read: object) -> None:
    try:
        if text and callable(read):
            read(text)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from error
