"""An archive beside what was unpacked from it: the same content twice, once packed.

Only names and sizes are compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.finding import Action
from dusk.rules.inspectors.archive_listing import ArchiveListing, archive_listing
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Part, Proposal, Sighting

_ARCHIVE = re.compile(
    rb"(?P<stem>.+?)\.(?:zip|tar|tar\.gz|tgz|tar\.bz2|tbz2|tar\.xz|txz)\Z", re.IGNORECASE | re.DOTALL
)
_SLACK_NS = 2_000_000_000


def inspect_archives(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the archives of one directory whose content lies unpacked beside them."""
    if not facts.ground.is_anybodys(directory):
        return
    for hit in hits:
        match = _ARCHIVE.match(facts.tree.name(hit))
        if match is None or not facts.is_file(hit) or not facts.tree.apparent_size(hit):
            continue
        beside = facts.directories(directory)
        if match["stem"] not in beside and not beside:
            continue
        try:
            yield from _compare(hit, match["stem"], directory, archive_listing(hit, facts), facts)
        except CannotTellError:
            continue


def _compare(
    archive: int, stem: bytes, directory: int, listing: ArchiveListing, facts: Facts
) -> Iterator[Sighting]:
    if not listing.files:
        return
    tops = {path.split(b"/", 1)[0] for path in listing.files if b"/" in path}
    single = next(iter(tops)) if len(tops) == 1 and all(b"/" in path for path in listing.files) else None
    places = []
    if single is not None:
        places.append((directory, facts.child(directory, single)))
    own = facts.child(directory, stem)
    if own is not None and facts.is_directory(own):
        places.append((own, own))
    for base, unpacked in places:
        if unpacked is None or not facts.is_directory(unpacked):
            continue
        found = [facts.child(base, *path.split(b"/")) for path in listing.files]
        sizes = zip(found, listing.files.values(), strict=True)
        if all(
            entry is not None and facts.is_file(entry) and facts.tree.apparent_size(entry) == size
            for entry, size in sizes
        ):
            yield _sighting(
                archive, unpacked, [entry for entry in found if entry is not None], listing, facts
            )
            return


def _sighting(
    archive: int, unpacked: int, found: list[int], listing: ArchiveListing, facts: Facts
) -> Sighting:
    there = facts.files_below(unpacked)
    extra = len(set(there) - set(found))
    newer = facts.tree.newest_mtime_ns(archive) + _SLACK_NS
    changed = sum(facts.tree.newest_mtime_ns(entry) > newer for entry in there)
    name = display_name(facts.tree.name(unpacked))
    read = "all" if listing.complete else "the first"
    evidence = [
        f"{read[:1].upper()}{read[1:]} {count_noun(len(found), 'file')} in it lie in {name} too, each with "
        "the same size."
    ]
    proposals = [
        Proposal(Action.TRASH, "Trash the archive", (Part(archive, (archive,)),), note=f"{name} stays."),
        Proposal(Action.ARCHIVE, "Move the archive elsewhere", (Part(archive, (archive,)),)),
    ]
    if extra or changed or not listing.complete:
        if extra or changed:
            evidence.append(
                f"{name} holds {count_noun(extra, 'more file')} and {count_noun(changed, 'newer one')}: it "
                "is more than "
                "what was unpacked and stays in any case."
            )
    else:
        note = "The archive stays; unpack it when the files are needed."
        proposals.append(
            Proposal(Action.TRASH, f"Trash {name} instead", (Part(unpacked, (archive,)),), note=note)
        )
    return Sighting(
        "archive-unpacked",
        (archive,),
        evidence=tuple(evidence),
        proposals=tuple(proposals),
        words={"unpacked": name},
        withheld=f"it changed {facts.shown_age(archive)}." if facts.is_live(archive, unpacked) else "",
    )
