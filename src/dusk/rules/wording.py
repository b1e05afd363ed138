"""Filling a rule's texts with what was found."""

from __future__ import annotations

import re

from dusk.fs.units import count_noun
from dusk.rules.rule import Rule

_PLACE = re.compile(r"\{(\w+)(?:\|([^{}|]*)\|([^{}|]*))?\}")


def fill(text: str, words: dict[str, str]) -> str:
    """Return a text with ``{word}`` replaced; a word that nobody knows stays as it is.

    ``{files|file|files}`` becomes the number with the noun that fits it.
    """

    def replaced(match: re.Match[str]) -> str:
        value = words.get(match[1])
        if value is None:
            return match[0]
        return value if match[2] is None else f"{value} {match[2] if value == '1' else match[3]}"

    return _PLACE.sub(replaced, text)


def fill_sentences(texts: tuple[str, ...], words: dict[str, str]) -> tuple[str, ...]:
    """Return sentences filled in; one with a word that nobody knows is left out."""
    filled = (fill(text, words) for text in texts)
    return tuple(text for text in filled if not _PLACE.search(text))


def left_open(text: str) -> str:
    """Return the first word in braces that was not filled in; empty when there is none."""
    gap = _PLACE.search(text)
    return gap[0] if gap is not None else ""


def subjects(rule: Rule, count: int) -> str:
    """Return ``3 checkpoints`` in the rule's own noun."""
    return count_noun(count, *rule.noun)
