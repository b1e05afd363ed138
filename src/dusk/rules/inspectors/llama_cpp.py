"""llama.cpp's own cache of earlier versions: each model with the notes of where it came from.

Source: llama.cpp, ``common/arg.cpp``: ``<owner>_<repository>_<file>.gguf`` with ``.json`` or ``.etag`` beside
it; newer versions use the Hugging Face cache instead (``common/hf-cache.cpp``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.sighting import Part, Sighting

_SPLIT = re.compile(rb"(.+)-\d{5}-of-\d{5}\.gguf\Z", re.DOTALL)
_NOTES = (b".json", b".etag", b".lastModified", b".downloadInProgress")


def inspect_llama_cpp(cache: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the models of the cache; raises CannotTellError."""
    if not facts.places.is_within("llama-cpp", facts.tree, cache):
        return
    children = facts.children(cache)
    if b"blobs" in facts.ground.names_above(cache) or b"snapshots" in facts.ground.names_above(cache):
        return  # the layout of the Hugging Face cache, in which a repository is one thing
    models: dict[bytes, list[int]] = {}
    for hit in hits:
        name = facts.tree.name(hit)
        if facts.is_file(hit):
            split = _SPLIT.match(name)
            models.setdefault(split[1] if split else name, []).append(hit)
    for name, files in models.items():
        notes = [
            children[facts.tree.name(file) + end]
            for file in files
            for end in _NOTES
            if facts.tree.name(file) + end in children
        ]
        live = facts.is_live(*files)
        subject = files[0]
        yield Sighting(
            "llama-cpp-model",
            (subject,),
            parts=tuple(Part(entry, (subject,)) for entry in (*files, *notes)),
            evidence=(
                f"{count_noun(len(files), 'file')} of the model and {count_noun(len(notes), 'note')} of its "
                "origin, in llama.cpp's cache.",
            ),
            title=f"Model {display_name(name)} of llama.cpp's old cache",
            withheld=f"it changed {facts.shown_age(*files)}; it may be downloading." if live else "",
        )
