"""Datasets that Hugging Face ``datasets`` prepared, and what ``map`` and ``filter`` computed from them.

Source: datasets 2.21 and 5.2, ``builder.py`` and ``arrow_dataset.py``: a prepared dataset is
``<builder>/<configuration>/<version>[/<hash>]`` with dataset_info.json and ``<builder>-<split>*.arrow``.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator

import msgspec

from dusk.fs.names import display_name, display_path
from dusk.fs.units import count_noun, format_count
from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Sighting
from dusk.scan.tree import ROOT

_MAP = re.compile(rb"cache-[0-9a-f]{16}(_\d{5}_of_\d{5})?\.arrow\Z")
_LEFT = re.compile(rb"tmp[0-9a-z_]{8}\Z")
_ARROW = re.compile(rb".+-.+\.arrow\Z")
_VERSION = re.compile(rb"\d+\.\d+\.\d+\Z")
_HASHED = re.compile(rb"[0-9a-f]{16,64}\Z")
_STREAM = b"\xff\xff\xff\xff"  # every message of an Arrow stream begins with it
_INFO = b"dataset_info.json"
_SEARCHED = 300_000  # entries among which the files that a dataset was prepared from are looked for
# Builders that datasets brings along: their data came from somebody's own files.
LOCAL = frozenset(
    {
        b"csv", b"json", b"text", b"parquet", b"arrow", b"pandas", b"imagefolder", b"audiofolder",
        b"videofolder", b"webdataset", b"xml", b"hdf5", b"pdffolder", b"lance", b"cache",
    }
)  # fmt: skip
# No file to read again: a program made the rows.
COMPUTED = frozenset({b"generator", b"spark", b"sql"})
_SUFFIXES: dict[bytes, tuple[bytes, ...]] = {
    b"csv": (b".csv", b".tsv", b".txt"),
    b"json": (b".json", b".jsonl"),
    b"text": (b".txt",),
    b"parquet": (b".parquet",),
}


class Info(msgspec.Struct):
    """The keys of dataset_info.json that tell where a dataset came from."""

    builder_name: str | None = None
    """What prepared it: ``csv``, ``generator``, or the dataset's own name."""
    download_size: int | None = None
    """Bytes that were read to prepare it."""
    download_checksums: dict[str, msgspec.Raw] | None = None
    """Addresses or paths of the sources; newer versions leave them out."""
    splits: dict[str, msgspec.Raw] | None = None
    """Splits by name."""


class State(msgspec.Struct):
    """The files that belong to a saved dataset."""

    files: list[dict[str, str]] = msgspec.field(name="_data_files", default_factory=list)
    """Each with its ``filename``."""


def inspect_dataset(directory: int, _hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what is in a directory with a ``dataset_info.json`` or a ``state.json``."""
    children = facts.children(directory)
    if _INFO not in children:
        return
    yield from _computed(children, facts)
    builder = builder_of(directory, children, facts)
    if builder is None or builder in LOCAL:
        return  # saved by a person; or made from local files, which are looked for once all is scanned
    info = facts.document(children[_INFO], Info)
    if builder in COMPUTED or info.builder_name in {name.decode() for name in COMPUTED}:
        yield Sighting(
            "hf-datasets-cache",
            (directory,),
            evidence=(
                *describe(directory, children, info, facts),
                "A program computed its rows: there is no file to read them from again.",
            ),
            withheld=busy(directory, facts),
            safety="review",
            words=words(builder),
        )
        return
    name = display_name(builder.replace(b"___", b"/"))
    yield Sighting(
        "hf-datasets-cache",
        (directory,),
        evidence=(*describe(directory, children, info, facts), f"It comes from {name} on the Hub."),
        withheld=busy(directory, facts),
        words=words(builder),
    )


def inspect_local_datasets(_root: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the datasets that were prepared from local files, and say whether these are still there."""
    prepared = []
    for hit in hits:
        directory = facts.tree.parent(hit)
        try:
            children = facts.children(directory)
            builder = builder_of(directory, children, facts)
            if builder in LOCAL and builder is not None:
                prepared.append((directory, builder, children, facts.document(hit, Info)))
        except CannotTellError:
            continue
    suffixes = tuple({suffix for _, builder, *_ in prepared for suffix in _SUFFIXES.get(builder, ())})
    sizes = _sizes(suffixes, facts) if suffixes else {}
    for directory, builder, children, info in prepared:
        found, sentence = _source(builder, info, sizes, facts)
        yield Sighting(
            "hf-datasets-local-cache",
            (directory,),
            evidence=(*describe(directory, children, info, facts), sentence),
            withheld=busy(directory, facts),
            safety="" if found else "review",
            words=words(builder),
        )


def builder_of(directory: int, children: dict[bytes, int], facts: Facts) -> bytes | None:
    """Return the name of the builder that prepared a directory, None when it is no prepared dataset."""
    tree = facts.tree
    if b"state.json" in children or not any(_ARROW.match(name) for name in children):
        return None
    version = directory
    if not _VERSION.match(tree.name(directory)):
        version = tree.parent(directory)
        if not _HASHED.match(tree.name(directory)) or version <= 0:
            return None
    configuration = tree.parent(version)
    builder = tree.parent(configuration) if configuration > 0 else 0
    if builder <= 0 or not _VERSION.match(tree.name(version)):
        return None
    return tree.name(builder)


def describe(directory: int, children: dict[bytes, int], info: Info, facts: Facts) -> tuple[str, ...]:
    """Return what there is to say of any prepared dataset."""
    arrows = [child for name, child in children.items() if _ARROW.match(name) and not _MAP.match(name)]
    splits = ", ".join(display_name(name) for name in (info.splits or {})) or "no splits"
    return (
        f"dataset_info.json and {count_noun(len(arrows), 'Arrow file')} of {facts.shown_size(*arrows)} "
        f"for {splits}, in the layout that load_dataset makes.",
        f"Newest change {facts.shown_age(directory)}.",
    )


def words(builder: bytes) -> dict[str, str]:
    """Return the words of the rules' texts."""
    return {"builder": display_name(builder.replace(b"___", b"/"))}


def busy(directory: int, facts: Facts) -> str:
    """Return why a dataset is not offered now; empty when it rests."""
    if facts.is_live(directory):
        return f"it changed {facts.shown_age(directory)}: a program may be preparing it."
    return ""


def _computed(children: dict[bytes, int], facts: Facts) -> Iterator[Sighting]:
    """Yield the results of ``map`` and ``filter``, and what was left by one that was killed."""
    own = _own_files(children, facts)
    maps = [child for name, child in children.items() if _MAP.match(name) and name not in own]
    heads = facts.heads(maps, 4)
    maps = [child for child, head in zip(maps, heads, strict=True) if head == _STREAM]
    if maps:
        yield Sighting(
            "hf-map-cache",
            tuple(maps),
            evidence=(
                f"{count_noun(len(maps), 'result')} of {facts.shown_size(*maps)} beside "
                f"{'a saved dataset' if own else 'a prepared dataset'}"
                f"{', whose state.json does not list them' if own else ''}.",
                f"Written {facts.shown_age(*maps)}.",
            ),
            withheld="" if not facts.is_live(*maps) else f"it was written {facts.shown_age(*maps)}.",
        )
    left = [child for name, child in children.items() if _LEFT.match(name) and facts.is_file(child)]
    left = [child for child in left if facts.age(child) >= facts.ages.incomplete_after]
    left = [child for child, head in zip(left, facts.heads(left, 4), strict=True) if head in (_STREAM, b"")]
    if left:
        yield Sighting(
            "hf-map-leftover",
            tuple(left),
            evidence=(
                f"{count_noun(len(left), 'temporary file')} of {facts.shown_size(*left)}, "
                f"last written {facts.shown_age(*left)}.",
            ),
        )


def _own_files(children: dict[bytes, int], facts: Facts) -> set[bytes]:
    """Return the files that a saved dataset consists of; raises CannotTellError when nobody can tell."""
    if b"state.json" not in children:
        return set()
    state = facts.document(children[b"state.json"], State)
    names = {os.fsencode(file.get("filename", "")) for file in state.files}
    if not names:
        raise CannotTellError("state.json lists no files")
    return names


def _sizes(suffixes: tuple[bytes, ...], facts: Facts) -> dict[tuple[bytes, int], int]:
    """Return by ending and size where files of data are: single ones, and all of a directory together.

    Looks at the first 300,000 entries alone, so that a huge tree costs half a second at most.
    """
    tree = facts.tree
    sums: dict[tuple[bytes, int], int] = {}
    found: dict[tuple[bytes, int], int] = {}
    for entry in itertools.islice(tree.subtree(ROOT), _SEARCHED):
        name = tree.name(entry)
        if not name.endswith(suffixes) or not facts.is_file(entry):
            continue
        suffix = os.path.splitext(name)[1]
        size = tree.entry(entry).identity.size
        found.setdefault((suffix, size), entry)
        place = (suffix, tree.parent(entry))
        sums[place] = sums.get(place, 0) + size
    for (suffix, directory), size in sums.items():
        found.setdefault((suffix, size), directory)
    return found


def _source(
    builder: bytes, info: Info, sizes: dict[tuple[bytes, int], int], facts: Facts
) -> tuple[bool, str]:
    """Return whether the files that a dataset was prepared from are there, and a sentence about them."""
    said = list(info.download_checksums or ())
    remote = [address for address in said if "://" in address]
    if said and len(remote) == len(said):
        return True, f"It was prepared from {display_name(said[0])}, which can be fetched again."
    missing = [path for path in said if path not in remote and not _exists(path, facts)]
    if said and not missing:
        return True, f"{display_path(os.fsencode(said[0]))}, which it was prepared from, is still there."
    size = info.download_size or 0
    for suffix in _SUFFIXES.get(builder, ()):
        place = sizes.get((suffix, size)) if size else None
        if place is not None:
            shown = display_path(facts.relative(place)) or "the top of what was scanned"
            return True, (
                f"It was prepared from {format_count(size)} bytes of {display_name(suffix)} files; "
                f"{shown} holds exactly as many."
            )
    if missing:
        return False, f"{display_path(os.fsencode(missing[0]))}, which it was prepared from, is gone."
    return False, (
        "The local files that it was prepared from are not in what was scanned: this may be the only copy."
    )


def _exists(path: str, facts: Facts) -> bool:
    """Return whether a file is there; one on a network that does not answer counts as gone."""
    if not os.path.isabs(path) or facts.tree.find(os.fsencode(path)) is not None:
        return os.path.isabs(path)
    try:
        return facts.prober.run(lambda: os.path.lexists(path))
    except CannotTellError:
        return False
