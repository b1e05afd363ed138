"""LM Studio's directory: models, runtimes of which a newer one is there, and what was written by hand.

Source: lmstudio.ai/docs: ``models/<publisher>/<model>``, ``extensions/backends/<engine>-<version>``,
``conversations``, ``config-presets``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.sighting import Sighting

_WEIGHTS = (b".gguf", b".safetensors")
_OWN = (
    b"conversations", b"config-presets", b"user-files", b"assistants", b"credentials", b"mcp.json", b"hub",
    b"settings.json", b".internal", b"working-directories",
)  # fmt: skip
_RUNTIME = re.compile(rb"(.+)-(\d+(?:\.\d+)+)\Z", re.DOTALL)


def inspect_lm_studio(root: int, _hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what LM Studio keeps in its directory; raises CannotTellError."""
    children = facts.children(root)
    extensions = facts.child(root, b"extensions", b"backends")
    own = [children[name] for name in _OWN if name in children]
    if not own and extensions is None and facts.tree.name(root) != b".lmstudio":
        return
    if own:
        yield Sighting("lm-studio-data", tuple(own))
    models = children.get(b"models")
    if models is not None and facts.is_directory(models):
        for publisher in facts.directories(models).values():
            for name, model in facts.directories(publisher).items():
                yield from _model(name, model, facts)
    if extensions is not None:
        yield from _runtimes(extensions, facts)


def _model(name: bytes, model: int, facts: Facts) -> Iterator[Sighting]:
    weights = [one for one in facts.files_below(model) if facts.tree.name(one).endswith(_WEIGHTS)]
    if weights:
        live = facts.is_live(model)
        yield Sighting(
            "lm-studio-model",
            (model,),
            evidence=(f"{count_noun(len(weights), 'model file')} in {display_name(name)}.",),
            withheld=f"it changed {facts.shown_age(model)}; it may be downloading." if live else "",
        )


def _runtimes(backends: int, facts: Facts) -> Iterator[Sighting]:
    """Yield each runtime of which a newer version lies beside it."""
    engines: dict[bytes, list[tuple[tuple[int, ...], int]]] = {}
    for name, runtime in facts.directories(backends).items():
        match = _RUNTIME.match(name)
        if match is not None:
            version = tuple(int(number) for number in match[2].split(b"."))
            engines.setdefault(match[1], []).append((version, runtime))
    for versions in engines.values():
        *older, newest = sorted(versions)
        for _, runtime in older:
            yield Sighting(
                "lm-studio-runtime",
                (runtime,),
                evidence=(f"{display_name(facts.tree.name(newest[1]))} lies beside it.",),
            )
