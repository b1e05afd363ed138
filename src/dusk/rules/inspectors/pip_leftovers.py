"""What pip moved aside before it replaced a package, and never took away because it was killed.

Source: pip 25, ``utils/temp_dir.py``: AdjacentTempDirectory puts a tilde for the first letter of a name, and
further signs for more letters where that name is taken; ``req/req_uninstall.py``: StashedUninstallPathSet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Sighting

_PLACES = (b"site-packages", b"dist-packages")
_METADATA = (b".dist-info", b".egg-info")
_SIGNS = b"-~.=%0123456789"  # LEADING_CHARS
_LIST = 1 << 20  # of a list of files: PyTorch's has 1.3 MB, and its packages are in the first half
_TOP = re.compile(rb"^([^/,\n]+)/", re.MULTILINE)


def inspect_pip_leftovers(directory: int, _hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what has a package's name behind pip's tilde where packages are installed.

    Raises CannotTellError.
    """
    if facts.tree.name(directory) not in _PLACES:
        return
    children = facts.children(directory)
    aside = {
        name: child for name, child in children.items() if name[:1] == b"~" and facts.is_directory(child)
    }
    installed = {name for name in children if name[:1] != b"~"}
    known = _tails({*installed, b"__pycache__", *_half_removed(aside, facts)})
    # The metadata lost the first letter of its name too.
    known.update((1, name[1:].partition(b"-")[0]) for name in aside if name.endswith(_METADATA))
    left = [entry for name, entry in aside.items() if name.endswith(_METADATA) or _is_one_of(name, known)]
    if not left:
        return
    again = {name[1:] for name in installed}
    back = [entry for entry in left if facts.tree.name(entry)[1:] in again]
    evidence = [
        f"{count_noun(len(left), 'directory', 'directories')} with a tilde for the first letter, "
        f"{facts.shown_size(*left)}."
    ]
    if back:
        shown = ", ".join(display_name(facts.tree.name(entry)) for entry in back[:3])
        evidence.append(f"What {shown} was called is installed beside it again.")
    is_young = facts.age(*left) < facts.ages.incomplete_after
    yield Sighting(
        "pip-leftover",
        tuple(left),
        evidence=tuple(evidence),
        withheld=f"it changed {facts.shown_age(*left)}: pip may be at work." if is_young else "",
    )


def _half_removed(aside: dict[bytes, int], facts: Facts) -> Iterator[bytes]:
    """Yield what the packages were called whose metadata was moved aside, by what that says they hold."""
    for name, entry in aside.items():
        if not name.endswith(_METADATA):
            continue
        for listed, pattern in ((b"top_level.txt", None), (b"RECORD", _TOP)):
            child = facts.child(entry, listed)
            try:
                text = b"" if child is None else facts.head(child, _LIST)
            except CannotTellError:
                continue
            yield from text.split() if pattern is None else pattern.findall(text)


def _tails(names: Iterable[bytes]) -> set[tuple[int, bytes]]:
    """Return what names end in, with how many letters come before that."""
    return {(cut, name[cut:]) for name in names for cut in range(1, len(name))}


def _is_one_of(name: bytes, known: set[tuple[int, bytes]]) -> bool:
    """Return whether a name is one of those that are known, with signs for its first letters."""
    signs = len(name) - len(name.lstrip(_SIGNS))
    # With a sign for every letter but one any name would do.
    cuts = (cut for cut in range(1, signs + 1) if cut == 1 or len(name) > cut + 1)
    return any((cut, name[cut:]) in known for cut in cuts)
