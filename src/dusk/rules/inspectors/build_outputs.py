"""What compilers and packagers write beside the source that it was made from.

A directory called ``build``, ``dist`` or ``target`` proves nothing by its name: the tool's own files in it
and the source beside it do, and nothing that git tracks is a leftover. Sources: cargo 1.95
(``.rustc_info.json``), CMake 3.25 (``CMakeCache.txt``), setuptools 80, Maven 3.9, Gradle 8.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.inspectors.git_index import is_tracked
from dusk.rules.inspectors.moved_place import moved_place
from dusk.rules.pattern import matches_any
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Sighting
from dusk.scan.tree import ROOT

_PYTHON = (b"pyproject.toml", b"setup.py", b"setup.cfg")
_NODE = (b"package.json",)
_GRADLE = (b"build.gradle", b"build.gradle.kts")
_MAVEN_PARTS = frozenset(
    {
        b"classes",
        b"test-classes",
        b"maven-status",
        b"maven-archiver",
        b"surefire-reports",
        b"generated-sources",
    }
)
_GRADLE_PARTS = frozenset(
    {b"classes", b"libs", b"tmp", b"kotlin", b"reports", b"intermediates", b"generated"}
)
_SETUPTOOLS_PART = re.compile(
    rb"(?:lib|lib\..*|bdist\..*|temp\..*|scripts-\d.*|__editable__\..*|src\..*)\Z", re.DOTALL
)
_ARTEFACT = re.compile(
    rb"(?P<name>[\w.]+?)-(?P<version>\d[\w.+!]*)(?:-[\w.-]+)?(?:\.whl|\.tar\.gz|\.zip|\.egg)\Z", re.DOTALL
)
_SOURCE_MAPS = (b".js.map", b".mjs.map", b".cjs.map", b".css.map")  # nobody writes one by hand
_SOURCE = re.compile(rb"(?:\\ |\S)+\.rs\b")
_MARKERS = frozenset({b"meson-private"})
# Compilers read these and do not write them. Above the directories of its targets a build has few: what it
# generates itself and so names in its build files, and what is filled in from a template, which has the same
# name and .in behind it.
_SOURCES = ("*.c", "*.cc", "*.cpp", "*.cxx", "*.cu", "*.cl", "*.py", "*.rs", "*.f90", "*.patch", "*.diff")
# What programs that were built here measured and trained. In _deps lie whole projects of others.
_RESULTS = (
    b".csv", b".tsv", b".xlsx", b".ods", b".docx", b".odt", b".parquet", b".npz", b".pt", b".pth", b".ckpt",
    b".safetensors", b".gguf", b".ipynb",
)  # fmt: skip
_FETCHED = frozenset(
    {
        b"_deps",
        b"vcpkg_installed",
        b"_CPack_Packages",
        b"Testing",
        b"CMakeFiles",
        b"meson-private",
        b"meson-info",
    }
)
# Sources that are written by a generator, whatever it reads: protoc, Qt, flex, bison, SWIG.
_GENERATED = (
    "*.pb.cc", "*.pb.cpp", "*.pb.c", "*.pb-c.c", "*_pb2.py", "*_pb2_grpc.py", "moc_*.cpp", "mocs_*.cpp",
    "qrc_*.cpp", "ui_*.py", "lex.*.c", "*.yy.c", "*.yy.cc", "*.tab.c", "*.tab.cc", "*.tab.cpp",
)  # fmt: skip
_MOST = 200_000  # entries of a build that are looked at
_BUILD_FILE = 16 * 1024 * 1024  # bytes that are read of a build file
_TARGETS = 200  # targets whose build files are read
# People keep such files where they find them again; no tool writes them at the top of its output.
_PERSONAL = ("*.md", "*.ipynb", "*.org", "*.docx", "*.odt", "notes*", "NOTES*", "TODO*", "*.tex")


def inspect_build_outputs(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the build outputs among the children of one directory."""
    if not facts.ground.is_anybodys(directory):
        return
    seen: set[int] = set()
    for hit in hits:
        # A marker inside an output, such as CMakeCache.txt, and the output's own name both lead here.
        is_marker = not facts.is_directory(hit) or facts.tree.name(hit) in _MARKERS
        entry = facts.tree.parent(hit) if is_marker else hit
        if entry in seen or entry <= ROOT or not facts.is_directory(entry):
            continue
        seen.add(entry)
        try:
            yield from _inspect(entry, facts)
        except CannotTellError:
            continue


def _inspect(entry: int, facts: Facts) -> Iterator[Sighting]:
    found = _recognised(entry, facts)
    if found is None or is_tracked(entry, facts):
        return
    rule, sentence = found
    lost = _products_without_source(entry, facts) if rule == "cargo-moved-target" else 0
    if lost:
        sentence += f" Of {count_noun(lost, 'product')} the source is not found any more."
    withheld = ""
    mine = [name for name in facts.children(entry) if matches_any(name, _PERSONAL)]
    handmade = facts.remembered(_handmade, entry) if rule == "cmake-build" else ()
    mine += handmade or ()
    if mine:
        withheld = f"{display_name(sorted(mine)[0])} in it looks like somebody's own file."
    elif handmade is None:
        withheld = f"it holds more than {_MOST:,} entries: whether all were built cannot be told."
    elif facts.is_live(entry):
        withheld = f"it changed {facts.shown_age(entry)}; a build may be running."
    yield Sighting(rule, (entry,), evidence=(sentence,), withheld=withheld, safety="review" if lost else "")


def _handmade(entry: int, facts: Facts) -> tuple[bytes, ...] | None:
    """Return names of sources that somebody edited in a build directory, and of what runs wrote there.

    None where there is too much in it to tell.
    """
    found, sources, waiting = [], [], []
    for name, child in facts.children(entry).items():
        if facts.is_directory(child):
            waiting += [] if _is_fetched(name, child, facts) else [child]
        elif name.endswith(_RESULTS):
            found.append(name)
        elif matches_any(name, _SOURCES) and not matches_any(name, _GENERATED):
            sources.append(name)
    found += _not_built(sources, entry, facts)
    looked = 0
    while waiting and not found:
        for one in facts.tree.subtree(waiting.pop()):
            looked += 1
            if looked > _MOST:
                return None
            name = facts.tree.name(one)
            if name.endswith(_RESULTS) and facts.is_file(one):
                found.append(name)
                break
    return tuple(found)


def _is_fetched(name: bytes, directory: int, facts: Facts) -> bool:
    """Return whether whole projects of others, or the tool's own state, lie at the top of a build."""
    project = name.removesuffix(b"-prefix")
    if project != name:  # of ExternalProject
        return any(facts.child(directory, b"src", one) for one in (project, project + b"-stamp"))
    return name in _FETCHED


def _not_built(sources: list[bytes], entry: int, facts: Facts) -> list[bytes]:
    """Return the sources at the top of a build that are no part of it, as far as can be told."""
    beside = facts.children(facts.tree.parent(entry))
    left = [name for name in sources if name + b".in" not in beside]
    for text in _build_files(entry, facts) if left else ():
        left = [name for name in left if not _is_named(name, text, facts.path(entry))]
        if not left:
            break
    return left


def _build_files(entry: int, facts: Facts) -> Iterator[bytes]:
    """Yield the beginnings of what says how a build is done."""
    state = facts.child(entry, b"CMakeFiles")
    targets = list(facts.tree.children(state)) if state is not None else []
    places = [facts.child(entry, b"build.ninja"), facts.child(entry, b"Makefile")]
    places += [facts.child(entry, b"CMakeFiles", b"Makefile.cmake")]
    places += [facts.child(target, b"build.make") for target in targets[:_TARGETS]]
    for place in places:
        if place is not None:
            with contextlib.suppress(CannotTellError):
                yield facts.head(place, _BUILD_FILE)


def _is_named(name: bytes, text: bytes, build: bytes) -> bool:
    """Return whether a build file names a file at the build's own top: not one beside the source."""
    if name not in text:
        return False
    above = b"/".join(build.split(b"/")[-2:])  # the build may have been moved, not so far
    where = rb"(?:^|[\s\"'=:(|}]|(?<![.\w])\./|/" + re.escape(above) + rb"/)"
    return re.search(where + re.escape(name) + rb"(?=[\s\"':|)]|\Z)", text) is not None


def _recognised(entry: int, facts: Facts) -> tuple[str, str] | None:
    """Return the rule and the evidence for a build output, None for anything else."""
    name = facts.tree.name(entry)
    inside = facts.children(entry)
    beside = facts.children(facts.tree.parent(entry))
    if b"CMakeCache.txt" in inside and b"CMakeLists.txt" not in inside:
        return "cmake-build", "CMakeCache.txt and CMakeFiles are in it; the source is not."
    if b"meson-private" in inside and b"build.ninja" in inside:
        return "cmake-build", "meson-private and build.ninja are in it."
    if name.endswith(b".egg-info"):
        return _egg_info(entry, inside, beside, facts)
    if name == b"dist":
        return _dist(inside, beside)
    found = _target(inside, beside, facts) if name == b"target" else _build(name, inside, beside)
    if found is None and b".rustc_info.json" in inside and b"CACHEDIR.TAG" in inside:
        found = "cargo-moved-target", "Cargo's own files are in it; its project is not around it."
    return found


def _target(inside: dict[bytes, int], beside: dict[bytes, int], facts: Facts) -> tuple[str, str] | None:
    if b"Cargo.toml" in beside and (b".rustc_info.json" in inside or b"CACHEDIR.TAG" in inside):
        profiles = [one for one in (b"debug", b"release") if one in inside]
        shown = " and ".join(f"{one.decode()} {facts.shown_size(inside[one])}" for one in profiles)
        return (
            "cargo-target",
            f"Cargo.toml lies beside it and cargo's own files in it{': ' if shown else ''}{shown}.",
        )
    if b"pom.xml" in beside and _MAVEN_PARTS & inside.keys():
        return "java-build", "pom.xml lies beside it and Maven's own directories in it."
    if b"build.sbt" in beside and any(one.startswith((b"scala-", b"streams")) for one in inside):
        return "java-build", "build.sbt lies beside it."
    return None


def _products_without_source(entry: int, facts: Facts) -> int:
    """Return how many programs and libraries name a source that is not below the scanned directory.

    Cargo writes ``NAME.d`` beside each product: its path, a colon, and the paths of its sources.
    """
    lost = 0
    for profile in (b"debug", b"release"):
        place = facts.child(entry, profile)
        notes = facts.children(place) if place is not None else {}
        files = [note for name, note in notes.items() if name.endswith(b".d") and facts.is_file(note)]
        for head in facts.heads(files):
            sources = _SOURCE.findall((head or b"").partition(b": ")[2])
            lost += not any(moved_place(source, facts) is not None for source in sources)
    return lost


def _egg_info(
    entry: int, inside: dict[bytes, int], beside: dict[bytes, int], facts: Facts
) -> tuple[str, str] | None:
    above = facts.tree.parent(facts.tree.parent(entry))
    around = facts.children(above) if above >= ROOT else {}
    if (
        b"PKG-INFO" in inside
        and b"SOURCES.txt" in inside
        and any(one in beside or one in around for one in _PYTHON)
    ):
        return (
            "python-egg-info",
            f"PKG-INFO and {count_noun(len(inside) - 1, 'list')} of setuptools beside the source.",
        )
    return None


def _build(name: bytes, inside: dict[bytes, int], beside: dict[bytes, int]) -> tuple[str, str] | None:
    if name == b".eggs" and any(one in beside for one in _PYTHON):
        return "python-build", ".eggs beside setup.py holds what the build itself needed."
    if not inside or name not in (b"build", b"_skbuild"):
        return None
    if any(one in beside for one in _PYTHON) and all(
        _SETUPTOOLS_PART.match(one) or name == b"_skbuild" for one in inside
    ):
        return "python-build", "setup.py or pyproject.toml lies beside it, and all in it is setuptools' own."
    if any(one in beside for one in _GRADLE) and _GRADLE_PARTS & inside.keys():
        return "java-build", "build.gradle lies beside it and Gradle's own directories in it."
    if any(one in beside for one in _NODE) and (b"asset-manifest.json" in inside or b"static" in inside):
        return "web-build", "package.json lies beside it and a bundler's output in it."
    return None


def _dist(inside: dict[bytes, int], beside: dict[bytes, int]) -> tuple[str, str] | None:
    if not any(one in beside for one in _PYTHON):
        if any(one in beside for one in _NODE) and (
            b"index.html" in inside
            or b"assets" in inside
            or any(one.endswith(_SOURCE_MAPS) for one in inside)
        ):
            return "web-build", "package.json lies beside it and a bundler's output in it."
        return None
    artefacts = [_ARTEFACT.match(one) for one in inside if one != b".gitignore"]
    if not artefacts or not all(artefacts):
        return None
    versions = {match["version"] for match in artefacts if match}
    if len(versions) > 1:
        return (
            "python-releases",
            f"It holds {len(versions):,} versions; those before the last cannot be built from today's "
            "source.",
        )
    version = display_name(versions.pop())
    return (
        "python-build",
        f"{count_noun(len(artefacts), 'package file')} of version {version}, and the source beside it.",
    )
