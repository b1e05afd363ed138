"""Caches of compiled GPU code, known by how their entries are named, wherever a variable put them.

Sources: triton ``runtime/cache.py`` (base32 of sha256, ``__grp__*.json``), torch ``_inductor/codecache.py``
(``fxgraph``, ``aotautograd``, shards by the second and third letter of a name), jax ``_src/lru_cache.py``
(``jit_<name>-<sha256>-cache``), numba ``core/caching.py`` (``.nbi``, ``.nbc``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.sighting import Sighting

_TRITON = re.compile(rb"([A-Z2-7]{52}|[0-9a-f]{64}|[A-Za-z0-9_=-]{43,44}|tmp\.pid_\d+_\w+)\Z")
_GROUP = re.compile(rb"__grp__.*\.json\Z", re.DOTALL)
_INDUCTOR = re.compile(
    rb"(fxgraph|aotautograd|locks|precompiled_headers|triton|cache|[a-z2-7]{2}|tmp\w*|\.\w+\.lock|.*\.lock|"
    rb"fx_graph_runnable\w*|bundled_autotune|autotune\w*|cudagraph\w*|local_cache|dynamo|pgo|inductor\w*)\Z",
    re.DOTALL,
)
_JAX = re.compile(rb"\w[^/]*-[0-9a-f]{64}-(cache|atime)\Z", re.DOTALL)
_JAX_OTHER = re.compile(rb"(\.lockfile|xla_gpu_per_fusion_autotune_cache_dir|xla_gpu_kernel_cache_file.*)\Z")
_NUMBA = re.compile(rb".+\.py3\d+\w*\.(nbi|\d+\.nbc)\Z", re.DOTALL)
_SHARD = re.compile(rb"[a-z2-7]{2}\Z")
_CODE = re.compile(rb"c[a-z2-7]{51}(\..+)?\Z", re.DOTALL)
# A file lies in the shard that the second and third letter of its name say. These are of writers and imports.
_BY_THE_WAY = re.compile(rb"\.\d+\..*\.tmp\Z|tmp\w*\Z|.*\.lock\Z|__pycache__\Z|halide\w*\Z", re.DOTALL)
_SHARDS = 40  # shards that are looked into for a file named by its hash
# A directory inside one of these is part of what another rule knows whole.
_INSIDE = (b"torch_compile_cache", b"torch_aot_compile", b"__pycache__")


def inspect_triton(cache: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the kernels of a Triton cache whose ``__grp__*.json`` files were met; raises CannotTellError."""
    kernels = {facts.tree.parent(hit) for hit in hits if _GROUP.match(facts.tree.name(hit))}
    if not kernels or _is_inside(cache, facts):
        return
    if facts.places.is_at("triton", facts.tree, cache) or _is_in_inductor(cache, facts):
        return
    yield from _known("triton-cache", cache, _TRITON, count_noun(len(kernels), "kernel"), facts)


def inspect_inductor(cache: int, _hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield a cache of TorchInductor that holds ``fxgraph`` or ``aotautograd``; raises CannotTellError."""
    if _is_inside(cache, facts):
        return
    children = facts.children(cache)
    shards = sum(1 for name in children if len(name) == 2)
    if not shards and not all(name in children for name in (b"fxgraph", b"aotautograd")):
        return
    evidence = f"it holds fxgraph and {count_noun(shards, 'directory', 'directories')} of compiled code"
    yield from _known(
        "torchinductor-cache", cache, _INDUCTOR, evidence, facts, mixed=_mixed_shards(children, facts)
    )


def inspect_old_inductor(cache: int, _hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield a cache of TorchInductor without a graph cache; raises CannotTellError.

    The name alone is anybody's: each entry must be the tool's, and one of them named as only a hash is.
    """
    children = facts.children(cache)
    if any(name in children for name in (b"fxgraph", b"aotautograd")):
        return
    if not all(
        _INDUCTOR.match(name) and (facts.is_directory(child) or name.endswith(b".lock"))
        for name, child in children.items()
    ):
        return
    shards = [child for name, child in children.items() if _SHARD.match(name)]
    named = any(_CODE.match(name) for shard in shards[:_SHARDS] for name in facts.children(shard))
    kernels = facts.child(cache, b"triton")
    devices = list(facts.children(kernels).values()) if kernels is not None else []
    compiled = any(
        _TRITON.match(name) for one in devices if facts.is_directory(one) for name in facts.children(one)
    )
    headers = facts.child(cache, b"precompiled_headers")
    if (
        named
        or compiled
        or (headers is not None and any(name.endswith(b".gch") for name in facts.children(headers)))
    ):
        yield from _known(
            "torchinductor-old-cache",
            cache,
            _INDUCTOR,
            f"everything in it has a name that torch.compile gives, {count_noun(len(shards), 'shard')} of "
            "code among it",
            facts,
            mixed=_mixed_shards(children, facts),
        )


def inspect_jax(cache: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield JAX's persistent compilation cache; raises CannotTellError."""
    programs = [hit for hit in hits if _JAX.match(facts.tree.name(hit))]
    if not programs:
        return
    known = re.compile(_JAX.pattern + rb"|" + _JAX_OTHER.pattern, re.DOTALL)
    evidence = f"{count_noun(len(programs), 'file')} named after a function and a hash"
    yield from _known("jax-cache", cache, known, evidence, facts)


def inspect_numba(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield a directory of NUMBA_CACHE_DIR; what lies in ``__pycache__`` is known there."""
    if facts.tree.name(directory) == b"__pycache__" or _is_inside(directory, facts):
        return
    evidence = f"{count_noun(len(hits), 'index', 'indexes')} of compiled functions"
    yield from _known("numba-cache", directory, _NUMBA, evidence, facts)


def _mixed_shards(children: dict[bytes, int], facts: Facts) -> set[int]:
    """Return the shards of TorchInductor that hold something whose name is not of that shard."""
    return {
        child
        for shard, child in children.items()
        if _SHARD.match(shard)
        and (
            not facts.is_directory(child)
            or any(name[:3] != b"c" + shard and not _BY_THE_WAY.match(name) for name in facts.children(child))
        )
    }


def _known(
    rule: str,
    cache: int,
    names: re.Pattern[bytes],
    evidence: str,
    facts: Facts,
    *,
    mixed: Collection[int] = (),
) -> Iterator[Sighting]:
    """Yield the directory where everything in it is the cache's, else only what is; ``mixed`` stays."""
    children = facts.children(cache)
    own = [child for name, child in children.items() if names.match(name) and child not in mixed]
    if not own:
        return
    whole = len(own) == len(children)
    subjects = (cache,) if whole and cache else tuple(own)
    live = facts.is_live(*subjects)
    strange = (
        "" if whole else f"; {count_noun(len(children) - len(own), 'other entry', 'other entries')} stay"
    )
    yield Sighting(
        rule,
        subjects,
        evidence=(f"{evidence[:1].upper()}{evidence[1:]}{strange}.",),
        withheld=f"it changed {facts.shown_age(*subjects)}; a program may be compiling." if live else "",
    )


def _is_inside(index: int, facts: Facts) -> bool:
    names = [facts.tree.name(index), *facts.ground.names_above(index)]
    return any(name in _INSIDE for name in names)


def _is_in_inductor(index: int, facts: Facts) -> bool:
    """Return whether a Triton cache belongs to a directory of TorchInductor at or above it."""
    above = (index, *facts.ground.ancestors(index)[:3])
    return any(
        facts.tree.name(one).startswith(b"torchinductor_") or facts.tree.child(one, b"fxgraph") is not None
        for one in above
    )
