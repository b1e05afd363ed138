"""What programs left in directories for temporary files when they ended without cleaning up.

Sources: tempfile (``tmp`` and eight letters), mktemp(1) (``tmp.`` and ten), multiprocessing (``pymp-``),
pip 24 (``pip-unpack-``), Go (``go-build`` and digits), GCC (``cc`` and six letters), rustc, npm;
tmpfiles.d(5) for the ages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.fs.identity import EntryKind
from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Sighting

_PLACES = frozenset({b"tmp", b"temp", b"TMP", b"T"})
# Random endings are told from words by a digit or a capital: uv-spectra is what somebody measured.
_TOOL = re.compile(
    rb"pip-(?:unpack|install|build-env|ephem-wheel-cache|req-(?:build|tracker)|wheel|uninstall|modern-metadata|"
    rb"standalone-pip|metadata|target|download|resolver|self-check-\w+)-[a-z0-9_]{8}|pip-build-tracker-[a-z0-9_]{8}|"
    rb"go-build\d{6,}|go-link-\d{6,}|gopath-?\d{6,}|cc[A-Za-z0-9]{6}\.(?:o|s|c|i|ii|ld|le|res|cdtor\.[co]|ltrans\d*\.[os])|"
    rb"rustc(?=[a-z]*[A-Z0-9])[A-Za-z0-9]{6}|cargo-install(?=[a-z]*[A-Z0-9])[A-Za-z0-9]{6}|npm-\d+-[0-9a-f]{8}|yarn--\d{10,}-[\d.]+|pymp-[a-z0-9_]{8}|"
    rb"tmpxft_[0-9a-f]{8}_[0-9a-f]{8}.*|nvcc(?=[a-z]*[A-Z0-9])[A-Za-z0-9]{6}|conda-[0-9a-f]{8}|uv-(?=[A-Za-z]*\d)(?=[a-z0-9]*[A-Z])[A-Za-z0-9]{6,}|\.tmp[A-Za-z0-9]{6}|_MEI[A-Za-z0-9]{6}|"
    rb"cmake(?=[a-z]*[A-Z0-9])[A-Za-z0-9]{6}|meson(?=[a-z]*[0-9_])\w{8}|matplotlib-[a-z0-9_]{8}|pytest-of-[\w.-]+|jest_\w+|ts-node-\w+|"
    rb"v8-compile-cache-\d+|node-compile-cache|playwright[-_]\w+|puppeteer_dev_\w+|\.org\.chromium\.Chromium\.\w{6}|"
    rb"scoped_dir\d+_\d+|torch_shm_\w+|__KMP_REGISTERED_LIB_\d+.*"
)
_UNNAMED = re.compile(rb"tmp[a-z0-9_]{8}(?:\.\w+)?|tmp\.[A-Za-z0-9]{6,12}|tmp[A-Za-z0-9]{6}")
_TORCHS = (b"_remote_module_non_scriptable.py", b"__pycache__")  # a rule of its own knows these
_SPECIAL = (EntryKind.FILE, EntryKind.DIRECTORY, EntryKind.SYMLINK)


def inspect_temporary(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what was left in one directory for temporary files, which is the only hit."""
    if directory not in hits or facts.ground.is_installed(directory):
        return
    tools, unnamed = [], []
    for name, hit in facts.children(directory).items():
        if facts.age(hit) < facts.ages.old_after or not _is_plain(hit, facts):
            continue
        if _TOOL.fullmatch(name):
            tools.append(hit)
        elif _UNNAMED.fullmatch(name) and not _is_torchs(hit, facts):
            unnamed.append(hit)
    for rule, entries in (("temporary-tool", tools), ("temporary-unnamed", unnamed)):
        if entries:
            biggest = max(entries, key=facts.tree.disk_size)
            yield Sighting(
                rule,
                tuple(entries),
                evidence=(
                    f"{count_noun(len(entries), 'entry', 'entries')} of {facts.shown_size(*entries)}, the "
                    "newest changed "
                    f"{facts.shown_age(*entries)}; the biggest is {display_name(facts.tree.name(biggest))}.",
                ),
            )


def _is_torchs(entry: int, facts: Facts) -> bool:
    """Return whether nothing but the template of torch.distributed is in a directory."""
    if not facts.is_directory(entry) or facts.child(entry, _TORCHS[0]) is None:
        return False
    return all(name in _TORCHS for name in facts.children(entry))


def _is_plain(entry: int, facts: Facts) -> bool:
    """Return whether there is no socket or pipe in it: somebody may wait at its other end."""
    if facts.tree.kind(entry) not in _SPECIAL:
        return False
    if not facts.is_directory(entry):
        return True
    try:
        return all(facts.tree.kind(one) in _SPECIAL for one in facts.files_below(entry))
    except CannotTellError:
        return False
