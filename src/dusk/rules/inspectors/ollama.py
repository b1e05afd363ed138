"""Ollama stores: which layers a model alone needs, which nothing needs, and what a broken pull left.

Source: ollama, ``server/images.go``: the server prunes layers that no manifest names when it starts, but not
those of the last hour, and none at all while a manifest cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterator

from dusk.fs.names import display_name, shell_word
from dusk.fs.units import count_noun, format_age
from dusk.rules.facts import Facts
from dusk.rules.finding import Action, ActionOptions
from dusk.rules.inspectors.ollama_store import Configuration, Store, Tag, read_store
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Part, Proposal, Sighting

_LINE = 100e6  # bits per second, the line that estimates are made for


def inspect_ollama(models: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what a directory with ``manifests`` and ``blobs`` holds; raises CannotTellError."""
    blobs = facts.child(models, b"blobs")
    manifests = [hit for hit in hits if facts.is_directory(hit) and facts.tree.parent(hit) == models]
    if blobs is None or not manifests:
        return
    store = read_store(blobs, manifests, facts)
    if not store.blobs and not store.partial:
        return
    for digest, blob in store.blobs.items():
        # The name is the checksum, so a copy elsewhere whose checksum is noted is known for one.
        facts.families.note_content(digest.decode("ascii", "replace"), blob)
    for tag in store.tags:
        yield _tag(tag, store, facts)
    yield from _shared(store, facts)
    yield from _partial(store, facts)
    if not store.unreadable:
        yield from _orphans(store, facts)


def _tag(tag: Tag, store: Store, facts: Facts) -> Sighting:
    """Return the sighting of one model with the layers that it alone needs."""
    present = [store.blobs[digest] for digest in tag.digests if digest in store.blobs]
    own = [
        store.blobs[digest]
        for digest in tag.digests
        if digest in store.blobs and len(store.users[digest]) == 1
    ]
    shared = [blob for blob in present if blob not in own]
    others = {
        display_name(user.name) for digest in tag.digests for user in store.users[digest] if user is not tag
    }
    evidence = [
        f"Its manifest names {count_noun(len(tag.digests), 'layer')}; "
        f"{count_noun(len(own), 'of them is', 'of them are')} needed by nothing else: "
        f"{facts.shown_size(*own) if own else '0 B'}."
    ]
    line = _describe(tag, store, facts)
    evidence += [f"It is {line}."] if line else []
    if shared:
        evidence.append(
            f"{count_noun(len(shared), 'layer')} of {facts.shown_size(*shared)} "
            f"it shares with {', '.join(sorted(others)[:4])}: "
            "removing this tag does not free that."
        )
    missing = len(tag.digests) - len(present)
    if missing:
        evidence.append(f"{count_noun(missing, 'layer is', 'layers are')} missing: Ollama cannot run it.")
    if tag.is_public:
        evidence.append("Its name is that of a public model, so it can be pulled again.")
    else:
        evidence.append(
            "Its name does not prove that it was pulled: `ollama create` puts models here under the same "
            "names, and their prompt or weights can be nowhere else."
        )
    parts = tuple(Part(entry, (tag.index,)) for entry in (tag.index, *own))
    withheld = ""
    if facts.is_live(tag.index, *own):
        withheld = f"it changed {facts.shown_age(tag.index, *own)}; it may just have been pulled."
    return Sighting(
        "ollama-model",
        (tag.index,),
        parts=parts,
        evidence=tuple(evidence),
        proposals=_proposals(tag, parts),
        words=_words(tag, own, facts),
        title=f"Ollama model {display_name(tag.name)}",
        safety="" if tag.is_public else "review",
        shared=sum(facts.tree.disk_size(blob) for blob in shared),
        withheld=withheld,
    )


def _words(tag: Tag, own: list[int], facts: Facts) -> dict[str, str]:
    name = display_name(tag.name)
    seconds = sum(facts.tree.apparent_size(blob) for blob in own) * 8 / _LINE
    pull = f"`ollama pull {name}`: {facts.shown_size(tag.index, *own)}"
    pull += f", about {format_age(seconds)} at 100 Mbit/s." if seconds >= 60 else ", under a minute."
    if tag.is_public:
        loss = f"`ollama run {name}` fails until it is pulled again."
    else:
        loss = (
            "If it was made here with `ollama create`, its prompt, and maybe its weights, exist nowhere else."
        )
        pull = (
            f"With {pull} Only if it is a public model; otherwise from its Modelfile, if somebody kept that."
        )
    return {"model": name, "model_word": shell_word(tag.name), "loss": loss, "pull": pull}


def _proposals(tag: Tag, parts: tuple[Part, ...]) -> tuple[Proposal, ...]:
    name = display_name(tag.name)
    trash = Proposal(Action.TRASH, f"Trash {name} with the layers that only it needs", parts)
    try:
        command = ("ollama", "rm", tag.name.decode())
    except UnicodeDecodeError:
        return (trash,)  # a plan's document has no place for a name that is no text
    note = "Needs the running server; dusk cannot take it back."
    options = ActionOptions(command=command)
    return trash, Proposal(Action.NATIVE, f"Let Ollama remove {name}", parts, note, options)


def _describe(tag: Tag, store: Store, facts: Facts) -> str:
    blob = store.blobs.get(tag.digests[0])
    if blob is None:
        return ""
    try:
        said = facts.document(blob, Configuration)
    except CannotTellError:
        return ""
    words = [word for word in (said.model_family, said.model_type, said.file_type) if word]
    return display_name(", ".join(words)) if words else ""


def _shared(store: Store, facts: Facts) -> Iterator[Sighting]:
    shared = {
        store.blobs[digest]: users
        for digest, users in store.users.items()
        if len(users) > 1 and digest in store.blobs
    }
    if shared:
        yield Sighting(
            "ollama-shared-layer",
            tuple(shared),
            reasons={
                blob: f"{facts.shown_size(blob)} that {_names(users)} need."
                for blob, users in sorted(shared.items(), key=lambda item: -facts.size(item[0]))
            },
        )


def _names(tags: list[Tag]) -> str:
    return ", ".join(sorted(display_name(tag.name) for tag in tags)[:4])


def _partial(store: Store, facts: Facts) -> Iterator[Sighting]:
    for files in store.partial.values():
        young = facts.age(*files) < facts.ages.incomplete_after
        yield Sighting(
            "ollama-partial-pull",
            tuple(files),
            evidence=(
                f"{count_noun(len(files), 'file')} of one layer, {facts.shown_size(*files)}, "
                f"last written {facts.shown_age(*files)}.",
            ),
            withheld=f"it was written {facts.shown_age(*files)}: a pull may be running." if young else "",
        )


def _orphans(store: Store, facts: Facts) -> Iterator[Sighting]:
    unused = [blob for digest, blob in store.blobs.items() if digest not in store.users]
    old = [blob for blob in unused if facts.age(blob) >= facts.ages.incomplete_after]
    busy = any(facts.age(*files) < facts.ages.incomplete_after for files in store.partial.values())
    if old:
        yield Sighting(
            "ollama-orphan-layer",
            tuple(old),
            evidence=(
                f"{count_noun(len(store.tags), 'manifest was', 'manifests were')} read, and none names "
                f"{'it' if len(old) == 1 else 'them'}; the newest was written {facts.shown_age(*old)}.",
            ),
            # Without any manifest the whole store would go: more likely they were moved away.
            safety="" if store.tags else "review",
            # A pull writes the manifest when it has all layers, which may be hours after the first of them.
            withheld="a pull seems to be running, and these may be the layers that it has got."
            if busy
            else "",
        )
