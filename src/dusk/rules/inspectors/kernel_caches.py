"""Caches of kernels that several smaller libraries keep under one name in a home directory.

Sources: DeepGEMM ``jit/compiler`` (``~/.deep_gemm/cache``), tilelang ``env.py`` (``~/.tilelang/cache``), cupy
(``~/.cupy/kernel_cache``), MIOpen user guide (``~/.cache/miopen``), ROCm comgr (``~/.cache/comgr``).
"""

from __future__ import annotations

from collections.abc import Iterator

from dusk.rules.facts import Facts
from dusk.rules.sighting import Sighting

_CACHE = b".cache"
# Name of the directory: the tool, what in it is the cache, and what must be above.
_KNOWN: dict[bytes, tuple[str, tuple[bytes, ...], bytes]] = {
    b".deep_gemm": ("DeepGEMM", (b"cache", b"tmp"), b""),
    b".tilelang": ("TileLang", (b"cache", b"autotuner"), b""),
    b".cupy": ("CuPy", (b"kernel_cache", b"jitify_cache"), b""),
    b"miopen": ("MIOpen", (), _CACHE),
    b"comgr": ("ROCm", (), _CACHE),
    b"tvm-ffi": ("TVM", (), _CACHE),
    b"cuda-python": ("CUDA for Python", (), _CACHE),
    b"cutlass_cache": ("CUTLASS", (), _CACHE),
    b".cutlass_dsl_cache": ("CUTLASS", (), b""),
}


def inspect_kernel_caches(directory: int, _hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the cache in one library's directory; raises CannotTellError."""
    known = _KNOWN.get(facts.tree.name(directory).rsplit(b"/", 1)[-1])
    if known is None:
        return
    tool, inside, above = known
    names = facts.ground.names_above(directory)
    if above and (not names or names[0] != above):
        return
    entries = [directory] if not inside else [facts.child(directory, name) for name in inside]
    for entry in entries:
        if entry is None or not facts.is_directory(entry) or not facts.tree.child_count(entry):
            continue
        live = facts.is_live(entry)
        yield Sighting(
            "other-kernel-cache",
            (entry,),
            evidence=(f"It lies where {tool} keeps it.",),
            words={"tool": tool},
            title=f"Kernels that {tool} compiled",
            withheld=f"it changed {facts.shown_age(entry)}; a program may be compiling." if live else "",
        )
