"""conda's package cache: archives as they were downloaded, and each unpacked beside its own.

Source: conda 25, ``core/package_cache_data.py``, ``cli/main_clean.py``: a package is a directory with
``info/index.json``; ``conda clean`` removes each with ``info``, and every file that ends as an archive does.
mamba 2 keeps them below ``https`` and the name of a server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.finding import Action
from dusk.rules.sighting import Part, Proposal, Sighting

_NOTES = re.compile(
    rb"urls(?:\.txt)?|.+\.lock|\.lock|mamba\.pid|notices\.cache|repodata(?:_record)?\.json"
    rb"|\.(?:conda_lock|cph_tmp|mamba).*",
    re.DOTALL,
)
_NOTED = (b"index.json", b"repodata_record.json")  # what is in a package's info
_PACKAGE = re.compile(rb".+-[0-9][^-]*-[^-]+", re.DOTALL)  # one that was unpacked in part
# The older form is other people's too, but not under NAME-VERSION-BUILD.
_ARCHIVE = re.compile(rb".+\.conda(?:\.partial)?|.+-[0-9][^-]*-[^-]+\.tar\.bz2(?:\.partial)?")
_CACHES = frozenset({b"cache", b"http", b"https", b".trash"})


def inspect_conda_cache(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the cache, or where somebody's files lie in it what conda itself put there."""
    if not any(facts.is_file(hit) and facts.tree.parent(hit) == directory for hit in hits):
        return
    own, others = [], []
    for child in facts.tree.children(directory):  # a shared one has more than most directories
        name = facts.tree.name(child)
        if _is_own(name, child, facts):
            own.append(child)
        elif facts.is_directory(child) or not _NOTES.fullmatch(name):
            others.append(child)
    if not own:
        return
    live = facts.is_live(directory)
    withheld = f"it changed {facts.shown_age(directory)}; something may be at work in it." if live else ""
    if not others:
        yield Sighting("conda-package-cache", (directory,), withheld=withheld)
        return
    shown = ", ".join(display_name(facts.tree.name(entry)) for entry in others[:3])
    trash = Proposal(Action.TRASH, "Trash what conda fetched", tuple(Part(one, (one,)) for one in own))
    yield Sighting(
        "conda-package-cache",
        tuple(own),
        evidence=(
            f"{count_noun(len(others), 'entry', 'entries')} in it, {shown}, came by no conda, and stay. "
            "conda clean would remove every file that is called like an archive.",
        ),
        withheld=withheld,
        proposals=(trash,),
    )


def _is_own(name: bytes, entry: int, facts: Facts) -> bool:
    if not facts.is_directory(entry):
        return _ARCHIVE.fullmatch(name) is not None
    if name in _CACHES:
        return True
    info = facts.child(entry, b"info")
    if info is None or not facts.is_directory(info):
        return False
    return any(facts.child(info, one) for one in _NOTED) or _PACKAGE.fullmatch(name) is not None
