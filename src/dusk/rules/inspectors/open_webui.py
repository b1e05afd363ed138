"""Open WebUI's data directory: what it can fetch again, and what people put there.

Source: open-webui 0.12.4, ``config.py`` and ``routers``: ``webui.db``, ``uploads``, ``vector_db`` and
``cache/{embedding,whisper,tiktoken,audio,image,functions,tools}``. Pictures and tools in the cache can be
named by chats, so they are data as well.
"""

from __future__ import annotations

from collections.abc import Iterator

from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.sighting import Sighting

_DATA = (b"uploads", b"docs", b"functions", b"tools")
_DATA_IN_CACHE = (b"image", b"functions", b"tools", b"pipelines")
_MODELS = (b"whisper", b"tiktoken")
_AUDIO = (b"speech", b"transcriptions")
_DATABASE = b"webui.db"


def inspect_open_webui(data: int, _hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what lies beside ``webui.db``; raises CannotTellError."""
    children = facts.children(data)
    stays = [child for name, child in children.items() if name in _DATA or name.startswith(_DATABASE)]
    vectors = children.get(b"vector_db")
    if vectors is not None and facts.child(vectors, b"chroma.sqlite3") is None:
        stays.append(vectors)  # Chroma's own stores are read by the inspector that knows them
    cache = children.get(b"cache")
    inside = facts.children(cache) if cache is not None and facts.is_directory(cache) else {}
    stays += [child for name, child in inside.items() if name in _DATA_IN_CACHE]
    uploads = children.get(b"uploads")
    evidence = []
    if uploads is not None and facts.is_directory(uploads):
        evidence.append(
            f"{count_noun(facts.tree.child_count(uploads), 'uploaded file')} of {facts.shown_size(uploads)}."
        )
    yield Sighting("open-webui-data", tuple(stays), evidence=tuple(evidence))
    if inside and cache is not None:
        yield Sighting("open-webui-cache", (cache,))
    models = [inside[name] for name in _MODELS if name in inside and facts.tree.apparent_size(inside[name])]
    for model in models:
        yield _cached("open-webui-model-cache", model, facts)
    audio = inside.get(b"audio")
    if audio is not None and facts.is_directory(audio):
        for name in _AUDIO:
            child = facts.child(audio, name)
            if child is not None and facts.is_directory(child) and facts.tree.apparent_size(child):
                yield _cached("open-webui-audio-cache", child, facts)


def _cached(rule: str, entry: int, facts: Facts) -> Sighting:
    live = facts.is_live(entry)
    return Sighting(
        rule,
        (entry,),
        evidence=(f"{facts.shown_size(entry)} below cache/, beside webui.db.",),
        withheld=f"it changed {facts.shown_age(entry)}; the server may be writing it." if live else "",
    )
