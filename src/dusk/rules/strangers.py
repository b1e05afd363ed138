"""Files in a cache that its tool did not write, told by names that end as people's work does."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterator

from dusk.fs.identity import EntryKind
from dusk.rules.facts import Facts
from dusk.rules.keeping import Kept
from dusk.rules.pattern import any_of
from dusk.rules.rule import Rule
from dusk.rules.rulebook import RuleBook
from dusk.rules.sighting import Sighting
from dusk.scan.entry import Sort

_RULE = "stranger"
_EVERYTHING = "*.*"  # among the parts: any name can be the tool's
_WORK = (
    "txt md markdown rst tex bib org odt ods odp doc docx xls xlsx ppt pptx pdf rtf epub htm html ipynb",
    "csv tsv json jsonl ndjson parquet feather arrow orc avro xml yaml yml toml ini cfg conf env properties",
    "log out err sql db sqlite sqlite3 duckdb mdb pkl pickle joblib npy npz h5 hdf5 hdf nc mat zarr rds rda",
    "dta sav dat data fits root tfrecord tfrecords pt pth ckpt safetensors gguf ggml onnx pb tflite keras",
    "bin weights params engine png jpg jpeg gif bmp tif tiff webp svg heic psd xcf eps ai exr drawio",
    "mp4 mov avi mkv webm mp3 wav flac ogg m4a srt vtt zip tar gz tgz bz2 tbz xz txz zst 7z rar lz4",
    "whl deb iso jar py pyx pyi sh bash zsh fish c h cc cpp cxx hpp hxx cu cuh cl hip rs go js mjs ts tsx",
    "jsx java kt scala rb php pl lua r jl swift cs f90 css scss vue proto cmake patch diff",
    "rmd qmd adoc tcl el lisp clj hs exs erl dart groovy gradle nix mojo sbatch slurm prototxt pbtxt",
    "mlmodel pdparams t7 caffemodel trt plan sft wandb geojson gpkg shp kml gpx dcm nii fasta fastq bam vcf",
    "cif sdf stl ply blend pcd las mcap bag aif aiff wma opus heif dng raw sketch lz rpm exe bson dump rdb",
    "accdb rdata sas7bdat json5 jsonc eml mbox ics pages numbers ovpn ppk jks keystore pgp der csr",
    "pem key crt p12 pfx kdbx gpg asc bak orig old save swp cbm model avif djvu m ps1",
)
# What is hardly ever a tool's in the first levels of a cache that a download fills again.
_PLAIN_WORK = (
    "txt md rst tex bib org odt ods odp doc docx xls xlsx ppt pptx pdf rtf ipynb py",
    "csv tsv jsonl ndjson parquet feather npy npz mat h5 hdf5",
    "pt pth ckpt safetensors gguf onnx keras png jpg jpeg mp4 mov wav",
    "zip tar gz tgz bz2 tbz xz txz 7z rar",
)


def _endings(work: tuple[str, ...]) -> frozenset[bytes]:
    """Return endings in small letters, and as editors name the state before the last change."""
    return frozenset(f".{ending}{mark}".encode() for ending in " ".join(work).split() for mark in ("", "~"))


_ENDINGS, _PLAIN_ENDINGS = _endings(_WORK), _endings(_PLAIN_WORK)
_BARE = frozenset({b"README", b"NOTES", b"TODO", b"Makefile"})
_BUNDLES = frozenset({b".zarr", b".lance", b".mlpackage"})
"""Endings of directories that are one piece of work."""
_ALL_LEVELS = 1 << 16
_MOST = 3_000_000  # entries of one unit that are looked at: a second
_NAMED = 100  # files of one unit that are kept by name; one is enough to keep the unit


class Strangers:
    """Looks for them in what goes without a question, and in the first levels of what is fetched again."""

    def __init__(self, facts: Facts, book: RuleBook) -> None:
        """Begin with nothing looked at."""
        self._facts = facts
        self._book = book
        self._tools = functools.cache(Tool)

    def sort_out(self, seen: Sighting) -> Iterator[Sighting | Kept]:
        """Yield what was seen, and before it what in it only a person can have put there."""
        rule = self._book.by_id[seen.rule]
        levels = _levels(rule, seen.safety or rule.safety)
        if levels and _takes_along(rule):
            tool = self._tools(rule.parts, levels)
            for unit in _directories(seen, self._facts):
                count = self._facts.tree.entry(unit).items
                if levels == _ALL_LEVELS and count > _MOST:
                    said = f"it holds {count:,} entries: whether all are its tool's cannot be told."
                    seen = dataclasses.replace(seen, withheld=seen.withheld or said)
                else:
                    yield from self._kept(self._facts.remembered(tool.strangers, unit))
        yield seen

    def _kept(self, found: tuple[int, ...]) -> Iterator[Kept]:
        tree = self._facts.tree
        by_directory: dict[tuple[int, EntryKind], list[int]] = {}
        for entry in found:
            by_directory.setdefault((tree.parent(entry), tree.kind(entry)), []).append(entry)
        for (directory, _), entries in by_directory.items():
            named = {entry: tree.name(entry) for entry in entries}
            yield Kept.of(self._book.by_id[_RULE], directory, named, tree)


class Tool:
    """What one rule's tool writes: what no work of people is called, and what the rule's parts name."""

    def __init__(self, parts: tuple[str, ...], levels: int) -> None:
        """Read the parts; one with a slash is asked of the path, from any directory in it on.

        ``levels`` says how many levels below a unit are looked at.
        """
        self._names = any_of(tuple(part for part in parts if part != "*" and "/" not in part))
        self._levels = levels
        self._places: list[tuple[re.Pattern[bytes], str]] = []
        for part in parts:
            place, slash, name = part.rpartition("/")
            if slash:
                self._places.append((any_of((f"*/{place}", f"*/{place}/*")), name))

    def strangers(self, unit: int, facts: Facts) -> tuple[int, ...]:
        """Return files at or below a unit that are not the tool's, the first hundred."""
        tree = facts.tree
        above = len(tree.path(max(tree.parent(unit), 0)).rstrip(b"/"))
        last, names_here = -1, self._names
        is_all = self._levels == _ALL_LEVELS
        endings, bare = (_ENDINGS, _BARE) if is_all else (_PLAIN_ENDINGS, frozenset[bytes]())
        found: list[int] = []
        for entry in tree.subtree(unit) if is_all else _upper(unit, self._levels, facts):
            name = whole = tree.name(entry)
            ending = name[name.rfind(b".") :].lower()
            if ending[1:].isdigit():  # the second of a name, or a rotated one
                name = name[: -len(ending)]
                ending = name[name.rfind(b".") :].lower()
            # Almost every name ends here, so these lines are what looking costs.
            if (ending not in endings and whole not in bare) or self._names.match(name):
                continue
            if self._places:
                directory = tree.parent(entry)
                if directory != last:
                    last, names_here = directory, self._names_at(tree.path(directory)[above:])
                if names_here.match(name):
                    continue
            if tree.kind(entry) is EntryKind.FILE or ending in _BUNDLES:
                found.append(entry)
                if len(found) == _NAMED:
                    break
        return tuple(found)

    def _names_at(self, path: bytes) -> re.Pattern[bytes]:
        """Return what the parts with a slash call files in a directory."""
        return any_of(tuple(name for place, name in self._places if place.match(path)))


def _levels(rule: Rule, safety: str) -> int:
    """Return how many levels of what a rule recognises hold nothing but what its tool writes."""
    if safety == "safe":
        return _ALL_LEVELS
    if rule.own_levels is not None:
        return rule.own_levels
    return 1 if "costly" in (safety, rule.safety) and "*" in rule.parts else 0


def _upper(unit: int, levels: int, facts: Facts) -> Iterator[int]:
    """Yield what lies in the first levels below a directory."""
    for child in facts.tree.children(unit, Sort.NAME):
        yield child
        if levels > 1 and facts.is_directory(child):
            yield from _upper(child, levels - 1, facts)


def _takes_along(rule: Rule) -> bool:
    """Return whether what a rule offers removes all that lies in a directory, whatever it is."""
    # An owner's own command knows which files are its, what removes empty directories removes no file, and a
    # rule may say that every name can be its tool's.
    return rule.actions not in {("native",), ("empty-dirs",)} and _EVERYTHING not in rule.parts


def _directories(seen: Sighting, facts: Facts) -> dict[int, None]:
    """Return the directories that would go, each once."""
    parts = [*seen.all_parts, *(part for proposal in seen.proposals for part in proposal.parts)]
    return {part.entry: None for part in parts if facts.is_directory(part.entry)}
