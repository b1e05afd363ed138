"""What the system's package manager put outside of its usual directories: ``/opt`` is shared with people.

Source: dpkg lists what each package installed in ``/var/lib/dpkg/info/*.list``, a path per line. The
databases of RPM are not read; where there is one, nobody can tell.
"""

from __future__ import annotations

import glob
import os

from dusk.rules.probe import CannotTellError, Prober

_SHARED = (b"/opt/", b"/srv/", b"/usr/local/")
_LISTS = b"/var/lib/dpkg/info"
_RPM = (b"/var/lib/rpm", b"/usr/lib/sysimage/rpm")


class PackageOwner:
    """Answers whether a package holds something at or below a path."""

    def __init__(self, prober: Prober, lists: bytes = _LISTS) -> None:
        """Read nothing yet."""
        self._prober = prober
        self._lists = lists
        self._paths: frozenset[bytes] | None = None

    def reason(self, path: bytes) -> str:
        """Return why a path is the package manager's, as a sentence; empty when it is not."""
        if not path.startswith(_SHARED):
            return ""
        try:
            if self._paths is None:
                self._paths = self._prober.run(self._read)
        except CannotTellError:
            return "Whether a package put it there cannot be told."
        if path in self._paths:
            return "A package of the system put it there: its package manager removes it."
        if path.startswith(b"/opt/") and any(os.path.isdir(place) for place in _RPM):
            return "A package of the system may have put it there, which cannot be told here."
        return ""

    def _read(self) -> frozenset[bytes]:
        """Return all paths below the shared directories that a package lists, and the directories above."""
        found: set[bytes] = set()
        for name in glob.glob(os.path.join(self._lists, b"*.list")):
            with open(name, "rb") as file:
                text = file.read()
            if any(b"\n" + place in text for place in _SHARED):
                found.update(line for line in text.split(b"\n") if line.startswith(_SHARED))
        return frozenset(path for path in found if path.count(b"/") > 1)
