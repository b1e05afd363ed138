"""Directories that an installer filled: Python and conda environments, ``node_modules``.

What a lock file beside them names can be installed again; without one nobody knows the versions.
Sources: PEP 405 for ``pyvenv.cfg``; conda 24, ``conda-meta/history``; npm 11, ``.package-lock.json``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.inspectors.git_index import is_tracked
from dusk.rules.pattern import matches_any
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Sighting
from dusk.scan.tree import ROOT

_PYTHON_LOCKS = (
    "uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock", "pixi.lock", "pylock*.toml", "conda-lock.yml",
    "requirements*.txt", "*requirements.txt", "environment.yml", "environment.yaml", "requirements",
)  # fmt: skip
_NODE_LOCKS = (
    "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb",
)  # fmt: skip
_NODE_MARKERS = (b".package-lock.json", b".modules.yaml", b".yarn-integrity", b".yarn-state.yml")
# What venv, virtualenv, uv and the packages in an environment put at its top.
_OWN = re.compile(
    rb"(?:bin|lib|lib64|libexec|include|share|etc|man|sbin|var|src|Scripts|Lib|local|doc|pyvenv\.cfg|CACHEDIR\.TAG|"
    rb"\.gitignore|\.lock|\.project|pip-selfcheck\.json|pipx_metadata\.json|uv-receipt\.toml|"
    rb"requirements.*\.txt|\.Python|\.tox-info\.json|\.tox-config1|log|tmp|\.uv-.*|jupyter.*)\Z"
)
_VERSION = re.compile(rb"^version(?:_info)?\s*=\s*(\d+\.\d+(?:\.\d+)?)", re.MULTILINE)


def inspect_environments(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the environment that a directory is, or the ``node_modules`` that it holds."""
    for hit in hits:
        name = facts.tree.name(hit)
        if name == b"node_modules" and facts.is_directory(hit):
            yield from _node_modules(hit, facts)
        elif name == b"pyvenv.cfg" and facts.is_file(hit):
            yield from _virtual_environment(directory, hit, facts)
        elif name == b"conda-meta" and facts.is_directory(hit):
            yield from _conda_environment(directory, hit, facts)


def _virtual_environment(directory: int, marker: int, facts: Facts) -> Iterator[Sighting]:
    parent = facts.tree.parent(directory)
    if parent < ROOT or facts.ground.is_managed(parent) or facts.ground.is_system(directory):
        return
    packages = list(site_packages(directory, facts))
    if not packages:
        return
    children = facts.children(directory)
    distributions = sum(
        name.endswith((b".dist-info", b".egg-info")) for one in packages for name in facts.children(one)
    )
    version = _VERSION.search(facts.head(marker, 4096))
    python = f"Python {version[1].decode()}" if version else "Python"
    evidence = [
        f"pyvenv.cfg says {python}; {count_noun(distributions, 'package')} in {facts.shown_size(directory)}."
    ]
    receipt = next((one for one in (b"pipx_metadata.json", b"uv-receipt.toml") if one in children), None)
    if receipt is not None:
        evidence.append(f"{display_name(receipt)} says that it was installed as a program.")
        yield Sighting("installed-python-tool", (directory,), evidence=tuple(evidence))
        return
    lock = _lock(parent, _PYTHON_LOCKS, facts) or _inner_lock(children)
    strange = sorted(name for name in children if not _OWN.match(name))
    withheld = ""
    source = facts.directories(children[b"src"]) if b"src" in children else {}
    if source:
        shown = display_name(min(source))
        withheld = (
            f"src/{shown} in it is source that is installed from where it lies, and perhaps edited there."
        )
    if strange:
        shown = ", ".join(display_name(name) for name in strange[:3])
        withheld = f"it holds what no installer puts there: {shown}."
    if lock:
        evidence.append(f"{lock} says what was installed, so it can be made again.")
    else:
        evidence.append(
            "No lock file or requirements file lies beside it: what exactly is installed is written nowhere "
            "else."
        )
    yield Sighting(
        "python-environment" if lock else "python-environment-unlocked",
        (directory,),
        evidence=tuple(evidence),
        withheld=withheld,
        words={"python": python},
    )


def site_packages(directory: int, facts: Facts) -> Iterator[int]:
    """Yield the directories of an environment that packages are installed into."""
    windows = facts.child(directory, b"Lib", b"site-packages")
    if windows is not None:
        yield windows
    lib = facts.child(directory, b"lib")
    for name, child in (facts.directories(lib) if lib is not None else {}).items():
        if name.startswith((b"python", b"pypy")):
            found = facts.child(child, b"site-packages")
            if found is not None:
                yield found


def _conda_environment(directory: int, marker: int, facts: Facts) -> Iterator[Sighting]:
    parent = facts.tree.parent(directory)
    if parent < ROOT or facts.child(marker, b"history") is None or facts.ground.is_system(directory):
        return
    if facts.child(directory, b"condabin") is not None or facts.child(directory, b"pkgs") is not None:
        yield Sighting(
            "conda-base", (directory,), evidence=("It holds condabin or pkgs: conda itself lives here.",)
        )
        return
    records = sum(name.endswith(b".json") for name in facts.children(marker))
    evidence = [f"conda-meta lists {count_noun(records, 'package')} in {facts.shown_size(directory)}."]
    # .pixi/envs/default lies two directories below its lock file.
    above = parent
    lock = ""
    for _ in range(3):
        lock = lock or (_lock(above, _PYTHON_LOCKS, facts) if above >= ROOT else "")
        above = facts.tree.parent(above) if above > ROOT else -1
    if lock:
        evidence.append(f"{lock} says what was installed, so it can be made again.")
    yield Sighting(
        "conda-environment" if lock else "conda-environment-unlocked", (directory,), evidence=tuple(evidence)
    )


def _node_modules(hit: int, facts: Facts) -> Iterator[Sighting]:
    parent = facts.tree.parent(hit)
    if parent < ROOT or facts.ground.is_managed(parent) or facts.ground.is_system(hit):
        return
    marked = any(facts.tree.child(hit, marker) is not None for marker in _NODE_MARKERS)
    described = facts.tree.child(parent, b"package.json") is not None
    if not (marked or described) or not facts.tree.child_count(hit):
        return
    if is_tracked(hit, facts):
        yield Sighting(
            "node-modules-tracked",
            (hit,),
            evidence=("git tracks files in it: they were committed on purpose.",),
        )
        return
    lock = _lock(parent, _NODE_LOCKS, facts)
    above = parent
    for _ in range(4):  # the one lock file of a workspace lies at its top
        if lock or above <= ROOT:
            break
        above = facts.tree.parent(above)
        if facts.tree.child(above, b"package.json") is not None:
            lock = _lock(above, _NODE_LOCKS, facts)
    packages = facts.tree.child_count(hit)
    evidence = [f"{count_noun(packages, 'entry', 'entries')} at its top, {facts.shown_size(hit)}."]
    if lock:
        evidence.append(f"{lock} names every package with its version, so they can be installed again.")
    else:
        evidence.append("No lock file names the versions: another install may bring other ones.")
    yield Sighting("node-modules" if lock else "node-modules-unlocked", (hit,), evidence=tuple(evidence))


def _lock(directory: int, patterns: tuple[str, ...], facts: Facts) -> str:
    """Return the name of a lock file in a directory, empty when there is none."""
    try:
        names = sorted(facts.children(directory))
    except CannotTellError:
        return ""
    for pattern in patterns:
        found = next((name for name in names if matches_any(name, (pattern,))), None)
        if found is not None:
            return display_name(found)
    return ""


def _inner_lock(children: dict[bytes, int]) -> str:
    found = next((name for name in children if matches_any(name, ("requirements*.txt",))), None)
    return display_name(found) if found is not None else ""
