"""pip's cache: downloads, and wheels that were built here from source.

Source: pip 25: ``http-v2`` (before 23.3 ``http``) holds answers of the index, ``wheels`` what pip built
itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.finding import Action, ActionOptions
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Part, Proposal, Sighting

_HEX = frozenset(b"0123456789abcdef")


def inspect_pip_cache(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the cache that a directory is, naming the biggest wheels that were built here."""
    names = {facts.tree.name(hit): hit for hit in hits if facts.is_directory(hit)}
    downloads = [
        names[name] for name in (b"http-v2", b"http") if name in names and _is_hashed(names[name], facts)
    ]
    wheels = names.get(b"wheels")
    built = _built(wheels, facts) if wheels is not None else []
    if not downloads and not (built and _is_hashed(wheels, facts)):
        return
    evidence = [
        f"{display_name(facts.tree.name(one))} holds {facts.shown_size(one)} of downloads."
        for one in downloads
    ]
    proposals = []
    path = facts.path(directory)
    if built:
        shown = ", ".join(
            f"{display_name(facts.tree.name(one))} ({facts.shown_size(one)})" for one in built[:3]
        )
        evidence.append(f"{count_noun(len(built), 'wheel')} were built here, the biggest {shown}.")
    proposals.append(Proposal(Action.TRASH, "Trash pip's cache", (Part(directory, (directory,)),)))
    if built and downloads:
        note = "Wheels that were built here stay."
        parts = tuple(Part(one, (directory,)) for one in downloads)
        proposals.append(Proposal(Action.TRASH, "Trash only the downloads", parts, note=note))
    try:
        command = ("pip", "cache", "purge", "--cache-dir", path.decode())
        options = ActionOptions(command=command)
        proposals.append(
            Proposal(
                Action.NATIVE, "Let pip empty its cache", (Part(directory, (directory,)),), options=options
            )
        )
    except UnicodeDecodeError:
        pass
    yield Sighting("pip-cache", (directory,), evidence=tuple(evidence), proposals=tuple(proposals))


def _is_hashed(directory: int | None, facts: Facts) -> bool:
    """Return whether all directories in it are the first digits of hashes."""
    if directory is None:
        return False
    try:
        names = list(facts.directories(directory))
    except CannotTellError:
        return False
    return bool(names) and all(len(name) <= 2 and _HEX.issuperset(name) for name in names)


def _built(wheels: int, facts: Facts) -> list[int]:
    try:
        files = facts.files_below(wheels)
    except CannotTellError:
        return []
    found = [file for file in files if facts.tree.name(file).endswith(b".whl")]
    return sorted(found, key=facts.tree.apparent_size, reverse=True)
