"""``.ipynb_checkpoints``: what a notebook was like when it was last saved by hand.

Source: jupyter_server 2, filecheckpoints: one copy per file, ``<stem>-checkpoint<suffix>``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Sighting

_COPY = re.compile(rb"(.+)-checkpoint(\.\w+)?\Z", re.DOTALL)
_END = 64


def inspect_notebook_checkpoints(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the copies whose notebook lies above them, and apart from those the ones that outlived it."""
    if facts.ground.is_managed(directory):
        return
    for hit in hits:
        if not facts.is_directory(hit) or facts.tree.parent(hit) != directory:
            continue
        try:
            children = facts.children(hit)
        except CannotTellError:
            continue
        renewed: list[int] = []
        notebooks: list[int] = []
        alone: list[int] = []
        strange = False
        for name, child in children.items():
            match = _COPY.match(name)
            if match is None or not facts.is_file(child):
                strange = True
                continue
            original = facts.tree.child(directory, match[1] + (match[2] or b""))
            if original is not None and _outlives(original, child, facts):
                renewed.append(child)
                notebooks.append(original)
            else:
                alone.append(child)
        if renewed:
            whole = not alone and not strange
            yield Sighting(
                "notebook-checkpoint",
                (hit,) if whole else tuple(renewed),
                tally={"copies": len(renewed)},
                withheld=_at_work(notebooks, facts),
            )
        if alone:
            yield Sighting("notebook-checkpoint-alone", tuple(alone), tally={"copies": len(alone)})


def _at_work(notebooks: list[int], facts: Facts) -> str:
    """Say that somebody is writing one of some notebooks, who may want to go back; empty when nobody is."""
    if not facts.is_live(*notebooks):
        return ""
    return f"a notebook changed {facts.shown_age(*notebooks)}; somebody may want to go back."


def _outlives(original: int, copy: int, facts: Facts) -> bool:
    """Return whether the file itself is newer than its copy, not smaller, and in order."""
    tree = facts.tree
    if not facts.is_file(original) or tree.newest_mtime_ns(original) < tree.newest_mtime_ns(copy):
        return False
    size = tree.apparent_size(original)
    if size < tree.apparent_size(copy):
        return False
    if not tree.name(original).endswith(b".ipynb"):
        return True
    end = facts.prober.tail(facts.path(original), 0, max(size - _END, 0), _END)
    return facts.head(original, _END).lstrip()[:1] == b"{" and end.rstrip()[-1:] == b"}"
