"""PyTorch's own cache of downloads: weights named with their checksum, and repositories with their code.

Source: torch 2.15, ``hub.py``: ``hub/checkpoints/NAME-<hash>.pth`` and ``hub/<owner>_<repository>_<branch>``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.sighting import Sighting

_HASHED = re.compile(rb".+-[0-9a-f]{8,64}\.(pth|pt|th|tar|pkl|zip|pth\.tar)\Z", re.DOTALL)
_DATE = re.compile(rb".*-(19|20)\d{6}\.[a-z.]+\Z")  # eight digits that are a day and no checksum
_WEIGHTS = (b".pth", b".pt", b".th", b".tar", b".bin", b".ckpt", b".safetensors", b".pkl")


def inspect_torch_hub(hub: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what PyTorch downloaded into a directory called ``hub``, or into its old ``checkpoints``."""
    for hit in dict.fromkeys(hits):
        if not facts.is_directory(hit) or facts.tree.parent(hit) != hub or not _is_hub(hub, hit, facts):
            continue
        files = [child for child in facts.children(hit).values() if facts.is_file(child)]
        hashed = [file for file in files if _is_download(facts.tree.name(file))]
        others = [file for file in files if file not in hashed and facts.tree.name(file).endswith(_WEIGHTS)]
        if hashed:
            yield _downloads(hashed, facts)
        if others:
            yield _unproven(others, facts)
    yield from _repositories(hub, facts)


def _is_hub(hub: int, checkpoints: int, facts: Facts) -> bool:
    """Return whether this is PyTorch's: at its place, or ``hub`` with nothing but downloads in it."""
    tree = facts.tree
    if facts.places.is_at("torch-hub", tree, hub) or facts.places.is_at("torch-home", tree, hub):
        return True
    if tree.name(hub) != b"hub":
        return False
    names = [name for name, child in facts.children(checkpoints).items() if facts.is_file(child)]
    return bool(names) and all(_is_download(name) for name in names)


def _is_download(name: bytes) -> bool:
    return bool(_HASHED.match(name)) and not _DATE.match(name)


def _downloads(files: list[int], facts: Facts) -> Sighting:
    names = ", ".join(display_name(facts.tree.name(file)) for file in sorted(files, key=facts.size)[-3:])
    return Sighting(
        "torch-hub-weights",
        tuple(files),
        evidence=(
            f"{count_noun(len(files), 'file')} of {facts.shown_size(*files)}, each with the beginning of its "
            f"SHA-256 in its name, which PyTorch checks: {names}.",
        ),
        withheld=_busy(facts, *files),
    )


def _unproven(files: list[int], facts: Facts) -> Sighting:
    names = ", ".join(display_name(facts.tree.name(file)) for file in files[:3])
    return Sighting(
        "torch-hub-unproven",
        tuple(files),
        evidence=(
            f"{count_noun(len(files), 'file')} of {facts.shown_size(*files)} without a checksum in the name: "
            f"{names}.",
        ),
        withheld="nothing in the name proves that it was downloaded: it may be somebody's own.",
    )


def _repositories(hub: int, facts: Facts) -> Iterator[Sighting]:
    """Yield the repositories that torch.hub.load fetched."""
    tree = facts.tree
    if not facts.places.is_at("torch-hub", tree, hub) and facts.child(hub, b"trusted_list") is None:
        return
    found = [
        child
        for name, child in facts.directories(hub).items()
        if name.count(b"_") >= 2 and facts.child(child, b"hubconf.py") is not None
        and facts.child(child, b".git") is None
    ]  # fmt: skip
    if found:
        names = ", ".join(display_name(tree.name(child)) for child in found[:4])
        yield Sighting(
            "torch-hub-repository",
            tuple(found),
            evidence=(f"{count_noun(len(found), 'repository', 'repositories')} with a hubconf.py: {names}.",),
            withheld=_busy(facts, *found),
        )


def _busy(facts: Facts, *entries: int) -> str:
    if facts.is_live(*entries):
        return f"it changed {facts.shown_age(*entries)}: a download may be running."
    return ""
