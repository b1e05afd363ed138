"""What pip moved aside before it replaced a package, and never took away because it was killed.

Source: pip 25, ``utils/temp_dir.py``: AdjacentTempDirectory puts a tilde for the first letter of a name, and
further signs for more letters where that name is taken; ``req/req_uninstall.py``: StashedUninstallPathSet.
"""

from __future__ import annotations

from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.sighting import Sighting

_PLACES = (b"site-packages", b"dist-packages")


def inspect_pip_leftovers(directory: int, _hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what begins with pip's tilde where packages are installed; raises CannotTellError."""
    if facts.tree.name(directory) not in _PLACES:
        return
    children = facts.children(directory)
    left = [child for name, child in children.items() if name[:1] == b"~" and facts.is_directory(child)]
    if not left:
        return
    installed = {name[1:] for name in children if name[:1] != b"~"}
    back = [entry for entry in left if facts.tree.name(entry)[1:] in installed]
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
