"""Models in the hub cache: what a repository holds, told to the families, and formats that it holds twice."""

from __future__ import annotations

from dusk.fs.names import shell_word
from dusk.rules.facts import Facts
from dusk.rules.families import Model
from dusk.rules.headers.gguf import read_gguf
from dusk.rules.headers.model_summary import real_files, summarise
from dusk.rules.inspectors.hub_repository import Repository, Revision
from dusk.rules.inspectors.hub_store import Store
from dusk.rules.inspectors.twins import find_twins
from dusk.rules.probe import CannotTellError

_SHOWN_TWINS = 2  # files that a command names


def note_models(repository: Repository, store: Store | None, facts: Facts) -> None:
    """Remember the checksums that names of blobs are, and the model that the newest revision holds."""
    links = store.links if store else {}
    for name, blob in repository.blobs.items():
        if len(name) == 64 and facts.is_file(links.get(blob, blob)):
            facts.families.note_content(name.decode("ascii", "replace"), links.get(blob, blob))
    revision = kept_revision(repository)
    if revision is None or repository.type != "model":
        return
    blobs = {name: links.get(blob, blob) for name, blob in repository.blobs.items()}
    try:
        summary = summarise(facts, revision.index, blobs)
        if not summary.layers:
            _note_gguf(repository, revision, blobs, facts)
            return
    except CannotTellError:
        return
    facts.families.note_model(
        Model(
            entry=repository.index,
            form="hub cache",
            kind=summary.kind or summary.name,
            layers=summary.layers,
            width=summary.width,
            parameters=summary.parameters,
            precision=summary.packed or summary.precision,
            layout=summary.layout,
            identifier=repository.id,
        )
    )


def _note_gguf(repository: Repository, revision: Revision, blobs: dict[bytes, int], facts: Facts) -> None:
    """Remember the model of a repository that holds GGUF files alone."""
    files = real_files(facts, revision.index, blobs)
    names = sorted(name for name in files if name.endswith(b".gguf"))
    headers = [read_gguf(facts.head(files[name])) for name in names[:8]]
    known = [header for header in headers if header is not None and header.kind == "model" and header.layers]
    if known:
        facts.families.note_model(
            Model(
                entry=repository.index,
                form="GGUF",
                kind=known[0].architecture,
                layers=known[0].layers,
                width=known[0].width,
                parameters=0,
                precision=", ".join(dict.fromkeys(header.quantisation for header in known)),
                identifier=repository.id,
            )
        )


def kept_revision(repository: Repository) -> Revision | None:
    """Return the revision that a branch names, else any; None where there is none."""
    named = repository.refs.values()
    return next((one for one in repository.revisions if one.commit in named), None) or next(
        iter(repository.revisions), None
    )


def twin_sentences(
    repository: Repository, revision: Revision, store: Store | None, facts: Facts
) -> list[str]:
    """Say which files hold the same weights once more: they may go by the owner's command alone."""
    links = store.links if store else {}
    try:
        files = real_files(
            facts, revision.index, {name: links.get(blob, blob) for name, blob in repository.blobs.items()}
        )
        names = {entry: name for name, entry in files.items()}
        said = []
        for twin in find_twins(files, facts):
            paths = " ".join(
                shell_word(f"hf://{repository.type}s/{repository.id}/".encode() + names[file])
                for file in twin.files[:_SHOWN_TWINS]
            )
            said.append(
                f"It holds the weights once more for {twin.label}, {facts.shown_size(*twin.files)}: "
                f"`hf cache rm {paths}` takes them alone, from the links as well."
            )
    except CannotTellError:
        return []
    return said
