"""Hugging Face hub caches: whole repositories, old revisions, broken downloads, the shared store."""

from __future__ import annotations

from collections.abc import Iterator

from dusk.fs.names import display_name, shell_word
from dusk.fs.units import count_noun, format_size
from dusk.rules.facts import Facts
from dusk.rules.finding import Action
from dusk.rules.headers.one_line import describe_model
from dusk.rules.inspectors.hub_models import kept_revision, note_models, twin_sentences
from dusk.rules.inspectors.hub_repository import REPOSITORY, Repository, Revision, read_repository
from dusk.rules.inspectors.hub_store import Payload, Store, check_lock, read_store
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Part, Proposal, Sighting


def inspect_hub(hub: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what is found in one directory of cached repositories."""
    store: Store | None = None
    store_unclear = ""
    try:
        store = read_store(hub, facts)
    except CannotTellError as error:
        store_unclear = str(error)
    repositories = []
    for hit in hits:
        if (
            facts.is_directory(hit)
            and facts.tree.parent(hit) == hub
            and REPOSITORY.match(facts.tree.name(hit))
        ):
            repository = read_repository(hit, facts)
            if repository is not None:
                repositories.append(repository)
    for repository in repositories:
        abandoned, busy = _sort_incomplete(hub, repository, facts)
        yield _whole(repository, store, store_unclear, bool(busy), facts)
        yield from _incomplete(repository, abandoned, busy, facts)
        note_models(repository, store, facts)
        old = _superseded(repository, facts)
        if old:
            yield _detached(repository, old, facts)
    if store is not None and repositories:
        yield from _store(store, facts)


def _superseded(repository: Repository, facts: Facts) -> list[Revision]:
    """Return the revisions that no branch names, without those that the user's settings keep."""
    policy = facts.retention.for_rule("hf-detached-revision")
    old = sorted(repository.detached, key=lambda one: facts.tree.newest_mtime_ns(one.index))
    # The revision of the branch is the newest one of the series; more than that only a person wants.
    old = old[: len(old) - (policy.newest - 1)] if policy.newest > 1 else old
    return [one for one in old if facts.age(one.index) >= policy.older_than]


def _whole(
    repository: Repository, store: Store | None, unclear: str, is_downloading: bool, facts: Facts
) -> Sighting:
    """Return the sighting of a whole repository, with what it has in the shared store."""
    index = repository.index
    evidence = [_structure(repository)]
    revision = kept_revision(repository)
    if revision is not None:
        blobs = {
            name: store.links.get(blob, blob) if store else blob for name, blob in repository.blobs.items()
        }
        line = describe_model(facts, revision.index, blobs)
        evidence += [f"It is {line}."] if line else []
    if not repository.revisions and not repository.unclear:
        evidence.append("No revision was ever complete: the download broke off or found nothing.")
    elif not repository.refs and not repository.unclear:
        evidence.append("No branch points at it: it was fetched by commit hash, which is no sign of age.")
    if revision is not None:
        evidence += twin_sentences(repository, revision, store, facts)
    evidence.append(f"Newest change {facts.shown_age(index)}.")
    proposals = [_trash("Trash the whole repository", (Part(index, (index,)),))]
    shared = 0
    if store is not None:
        own, others = _split_payloads(store, index, facts)
        shared = sum(facts.tree.disk_size(payload.index) for payload in others)
        evidence += _store_sentences(own, others, facts)
        if own:
            proposals.append(_with_payloads(index, own))
    elif unclear:
        evidence.append(f"dusk cannot tell what it has in the shared store: {unclear}.")
    return Sighting(
        rule="hf-hub-repository",
        subjects=(index,),
        evidence=tuple(evidence),
        proposals=tuple(proposals),
        words=_words(repository, facts),
        title=f"Cached {repository.type} {display_name(repository.id)}",
        withheld="a download into it is running."
        if is_downloading
        else _busy(facts, index) or _foreign(repository, None, facts),
        shared=shared,
    )


def _foreign(repository: Repository, revisions: list[Revision] | None, facts: Facts) -> str:
    """Return why a repository, or some of its revisions, must not go: somebody's own file lies in it."""
    for entry in repository.foreign:
        above = facts.ground.ancestors(entry)
        if revisions is None or any(revision.index in above for revision in revisions):
            name = display_name(facts.tree.name(entry))
            return f"{name} in it is no part of the download: somebody put it there."
    return ""


def _split_payloads(store: Store, index: int, facts: Facts) -> tuple[list[Payload], list[Payload]]:
    """Return the payloads that only this repository needs, and those that others may need."""
    used = store.used_by(index)
    own = [
        payload
        for payload in used
        if payload.users == {index} and payload.is_certain and not check_lock(payload, facts)
    ]
    return own, [payload for payload in used if payload not in own]


def _store_sentences(own: list[Payload], others: list[Payload], facts: Facts) -> list[str]:
    sentences = []
    if own:
        size = facts.shown_size(*(payload.index for payload in own))
        sentences.append(
            f"{count_noun(len(own), 'payload')} of {size} in the shared store only this repository needs; "
            "trashing the repository alone leaves them there until `hf cache prune`."
        )
    if others:
        size = facts.shown_size(*(payload.index for payload in others))
        users = {user for payload in others for user in payload.users}
        sentences.append(
            f"{count_noun(len(others), 'payload')} of {size} in the shared store "
            f"shared by {count_noun(len(users), 'repository', 'repositories')}: "
            "removing this one does not free that."
        )
    return sentences


def _with_payloads(index: int, own: list[Payload]) -> Proposal:
    parts = [Part(index, (index,))]
    for payload in own:
        parts.append(Part(payload.index, (index,)))
        if payload.manifest is not None:
            parts.append(Part(payload.manifest, (index,)))
    label = f"Trash it with its {count_noun(len(own), 'payload')} in the shared store"
    return _trash(label, tuple(parts), "Nothing else links to these payloads.")


def _detached(repository: Repository, old: list[Revision], facts: Facts) -> Sighting:
    """Return the sighting of the revisions that no branch names, with only what they alone need."""
    blobs = repository.unique_blobs(old)
    parts = [Part(revision.index, (revision.index,)) for revision in old]
    parts += [Part(blob, owners) for blob, owners in sorted(blobs.items())]
    named = {commit: ref for ref, commit in repository.refs.items()}
    kept = [revision for revision in repository.revisions if revision.commit in named]
    shared = {blob for revision in old for blob in revision.blobs} - blobs.keys()
    unique_size = facts.shown_size(*blobs) if blobs else "0 B"
    evidence = [
        f"{count_noun(len(old), 'snapshot')} of {display_name(repository.id)} "
        f"{'has' if len(old) == 1 else 'have'} no branch or tag: "
        + ", ".join(f"{revision.commit[:8]} ({facts.shown_age(revision.index)})" for revision in old[:4])
        + ".",
        "In use: "
        + ", ".join(f"{display_name(named[one.commit])} = {one.commit[:8]}" for one in kept[:4])
        + ".",
        f"{count_noun(len(blobs), 'blob')} of {unique_size} only they need; "
        f"{count_noun(len(shared), 'blob')} of {facts.shown_size(*shared) if shared else '0 B'} "
        "the kept revisions need too, and stay.",
        "A program that asks for this exact commit would look the same, so it is old or pinned.",
    ]
    size_of_shared = sum(facts.tree.disk_size(blob) for blob in shared)
    words = _words(repository, facts) | {"revisions": " ".join(revision.commit for revision in old)}
    return Sighting(
        rule="hf-detached-revision",
        subjects=tuple(revision.index for revision in old),
        parts=tuple(parts),
        evidence=tuple(evidence),
        words=words,
        title=f"Old revisions of {display_name(repository.id)}",
        members=tuple(facts.path(revision.index) for revision in kept),
        needles={revision.index: (revision.commit,) for revision in old},
        withheld=_busy(facts, *(revision.index for revision in old), *blobs)
        or _foreign(repository, old, facts),
        shared=size_of_shared,
    )


def _sort_incomplete(hub: int, repository: Repository, facts: Facts) -> tuple[list[int], list[int]]:
    """Return what aborted downloads left, and what a running one may still write."""
    abandoned: list[int] = []
    busy: list[int] = []
    for file in repository.incomplete:
        etag = facts.tree.name(file).split(b".")[0]
        lock = facts.child(hub, b".locks", facts.tree.name(repository.index), etag + b".lock")
        try:
            held = lock is not None and facts.is_locked(lock)
        except CannotTellError:
            held = True
        young = facts.age(file) < facts.ages.incomplete_after
        (busy if held or young else abandoned).append(file)
    return abandoned, busy


def _incomplete(
    repository: Repository, abandoned: list[int], busy: list[int], facts: Facts
) -> Iterator[Sighting]:
    """Yield the partial files of a repository."""
    if abandoned:
        yield Sighting(
            rule="hf-incomplete-download",
            subjects=tuple(abandoned),
            evidence=(
                f"{count_noun(len(abandoned), 'partial file')} of {facts.shown_size(*abandoned)}, "
                f"last written {facts.shown_age(*abandoned)}; no process holds the download's lock.",
            ),
            words=_words(repository, facts),
            title=f"Broken download of {display_name(repository.id)}",
        )
    if busy:
        yield Sighting(
            rule="hf-incomplete-download",
            subjects=tuple(busy),
            evidence=(f"{count_noun(len(busy), 'partial file')} of {facts.shown_size(*busy)}.",),
            words=_words(repository, facts),
            title=f"Download of {display_name(repository.id)} in progress",
            withheld=f"it was written {facts.shown_age(*busy)} or its lock is held: it may be running.",
        )


def _store(store: Store, facts: Facts) -> Iterator[Sighting]:
    """Yield the payloads that nothing needs any more, and the store itself for information."""
    orphans = [payload for payload in store.orphans() if not check_lock(payload, facts)]
    old = [payload for payload in orphans if facts.age(payload.index) >= facts.ages.incomplete_after]
    if old:
        subjects = tuple(payload.index for payload in old)
        manifests = tuple(
            Part(payload.manifest, (payload.index,)) for payload in old if payload.manifest is not None
        )
        yield Sighting(
            rule="hf-shared-payload-orphan",
            subjects=subjects,
            parts=(*(Part(subject, (subject,)) for subject in subjects), *manifests),
            evidence=(
                f"{count_noun(len(old), 'payload')} of {facts.shown_size(*subjects)}: every repository in "
                "the list of users is gone or links elsewhere.",
            ),
        )
    everything = [payload.index for payload in store.payloads.values()]
    users = {user for payload in store.payloads.values() for user in payload.users}
    if everything:
        yield Sighting(
            rule="hf-shared-store",
            subjects=(store.index,),
            evidence=(
                f"{count_noun(len(everything), 'payload')} of {facts.shown_size(*everything)}, linked from "
                f"{count_noun(len(users), 'repository', 'repositories')} beside it.",
            ),
        )


def _structure(repository: Repository) -> str:
    if repository.unclear:
        return (
            "It has the snapshots of a hub repository, but its revisions cannot be told apart: "
            f"{repository.unclear}."
        )
    return (
        f"{count_noun(len(repository.revisions), 'snapshot')}, "
        f"{count_noun(len(repository.blobs), 'blob')} and "
        f"{count_noun(len(repository.refs), 'branch or tag', 'branches or tags')}."
    )


def _words(repository: Repository, facts: Facts) -> dict[str, str]:
    identifier = f"{repository.type}/{repository.id}".encode()
    kind = "" if repository.type == "model" else f" --repo-type {repository.type}"
    return {
        "download": shell_word(repository.id.encode()) + kind,
        "type": repository.type,
        "repository": display_name(repository.id),
        "hub_id": shell_word(identifier),
        "size": format_size(facts.size(repository.index)),
    }


def _busy(facts: Facts, *entries: int) -> str:
    if facts.is_live(*entries):
        return f"it changed {facts.shown_age(*entries)}: a download may be running."
    return ""


def _trash(label: str, parts: tuple[Part, ...], note: str = "") -> Proposal:
    return Proposal(Action.TRASH, label, parts, note)
