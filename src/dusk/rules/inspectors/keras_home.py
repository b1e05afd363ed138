"""What lies in Keras' cache: what Keras fetches by itself, and what somebody's script had it fetch.

Source: keras 3.15 and tf.keras 2.15, ``applications/*.py`` and ``datasets/*.py`` for the names;
``utils/file_utils.py``: ``get_file`` stores any address under any name that a script says, an archive as
``NAME_archive`` with what it held in ``NAME``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.sighting import Sighting

_KERNELS = rb"_weights_tf_(?:dim_ordering_tf_)?kernels(?:_[\d.]+_\d+)?(?:_no_?top)?\.h5"
_WEIGHTS = re.compile(
    rb"[a-z0-9_]+" + _KERNELS + rb"|imagenet_class_index\.json|mobilenet_[\d_]+_tf(?:_no_top)?\.h5"
    rb"|nasnet_(?:mobile|large)(?:_no_top)?\.h5"
    rb"|weights_mobilenet_v3_[a-z_]+_224_[\d.]+_float(?:_no_top(?:_v2)?)?\.h5"
    rb"|(?:efficientnetb\d|efficientnetv2-(?:b\d|[slm])|convnext_(?:tiny|small|base|large|xlarge)"
    rb"|regnet[xy]\d{3}|resnet-rs-\d+-i\d+)(?:_notop)?\.h5"
)
_DATASETS = re.compile(
    rb"(?:mnist|imdb|imdb_full|reuters|boston_housing|california_housing)\.(?:npz|pkl)"
    rb"|(?:imdb|reuters)_word_index\.(?:json|pkl)|fashion-mnist"
    rb"|cifar-(?:10-batches-py|100-python)(?:-target)?(?:_archive|\.tar\.gz)?"
)
# What people make rather than fetch: a script fetches such files too, and nobody can tell which it was.
_MADE = re.compile(
    rb".+\.(?:keras|csv|tsv|txt|json|jsonl|xlsx?|docx?|odt|pdf|md|tex|ipynb|py|parquet|ckpt|pt|pth|safetensors)",
    re.IGNORECASE,
)


def inspect_keras_home(_root: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the downloads in the directories of Keras' cache; raises CannotTellError."""
    for hit in hits:
        if not facts.is_directory(hit):
            continue
        known = _WEIGHTS if facts.tree.name(hit) == b"models" else _DATASETS
        own, fetched = [], []
        for name, child in facts.children(hit).items():
            if known.fullmatch(name):
                own.append(child)
            elif facts.is_directory(child) or (facts.is_file(child) and not _MADE.fullmatch(name)):
                fetched.append(child)
        if own:
            yield Sighting("keras-downloads", tuple(own), evidence=(_measured(hit, own, facts),))
        if fetched:
            yield Sighting("keras-fetched", tuple(fetched), evidence=(_measured(hit, fetched, facts),))


def _measured(directory: int, entries: list[int], facts: Facts) -> str:
    shown = display_name(facts.tree.name(directory))
    count = count_noun(len(entries), "entry", "entries")
    return f"{count} in {shown}: {facts.shown_size(*entries)}, the newest from {facts.shown_age(*entries)}."
