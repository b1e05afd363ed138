"""ComfyUI and the Stable Diffusion web UI: models that can be fetched again, and work that cannot.

Source: ComfyUI ``folder_paths.py`` (``models``, ``output``, ``input``, ``temp``, ``user``), AUTOMATIC1111
``modules/paths_internal.py`` (``models``, ``embeddings``, ``outputs``).
"""

from __future__ import annotations

from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.sighting import Sighting

_WEIGHTS = (b".safetensors", b".ckpt", b".pt", b".pth", b".bin", b".gguf", b".onnx", b".sft")
_WORK = (b"output", b"outputs", b"input", b"user", b"custom_nodes", b"extensions", b"styles.csv", b"log")
_PLACES = (b"models", b"embeddings")
_WHOLE = (b"model_index.json", b"config.json", b"snapshots")
_FEW = 2000


def inspect_image_interface(root: int, _hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the models, the work and the temporary files of one installation; raises CannotTellError."""
    children = facts.children(root)
    comfy = b"folder_paths.py" in children and b"custom_nodes" in children
    web = b"webui.py" in children and b"modules" in children
    if not comfy and not web:
        return
    program = "ComfyUI" if comfy else "The Stable Diffusion web UI"
    work = [children[name] for name in _WORK if name in children]
    if work:
        yield Sighting(
            "image-work",
            tuple(work),
            evidence=(f"{program}: {count_noun(len(work), 'directory', 'directories')} of your own work.",),
        )
    temporary = children.get(b"temp")
    if comfy and temporary is not None and facts.is_directory(temporary):
        live = facts.is_live(temporary)
        yield Sighting(
            "image-temporary",
            (temporary,),
            withheld=f"it changed {facts.shown_age(temporary)}; the server may be running." if live else "",
        )
    for name in _PLACES:
        if name not in children or not facts.is_directory(children[name]):
            continue
        files = [
            file
            for file in facts.files_below(children[name], _FEW)
            if facts.is_file(file)
            and facts.tree.name(file).endswith(_WEIGHTS)
            and not _is_part(file, children[name], facts)
        ]
        for file in files:
            kind = display_name(facts.tree.name(facts.tree.parent(file)))
            live = facts.is_live(file)
            yield Sighting(
                "image-model",
                (file,),
                evidence=(f"{program} lies around it; it is among the {kind}.",),
                withheld=f"it changed {facts.shown_age(file)}; it may be downloading." if live else "",
            )


def _is_part(file: int, top: int, facts: Facts) -> bool:
    """Return whether a file belongs to a model that is a whole directory."""
    directory = facts.tree.parent(file)
    while directory not in (top, -1):
        if any(facts.tree.child(directory, name) is not None for name in _WHOLE):
            return True
        directory = facts.tree.parent(directory)
    return False
