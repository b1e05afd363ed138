"""Archiving as one ``.tar.zst``: packed at the destination, read back whole, then the source is trashed."""

from __future__ import annotations

import os
from dataclasses import dataclass

from dusk.actions.act import Admission, Demands, End, Returned, Tools, Work
from dusk.actions.packing import NAME, PACK_SUFFIX, Packer
from dusk.actions.record import Record
from dusk.actions.relocation import status_of
from dusk.actions.replaced import Rebuilding, return_replaced, verified_open
from dusk.actions.replacement import Made, Part, Workshop, replace_source
from dusk.actions.unpacking import unpack
from dusk.actions.zstd_frames import contents_of
from dusk.fs.descent import open_directory

FORM = "tar.zst"
"""The form of an archive that is one packed file."""
_ATTEMPTS = 1000
_LONGEST_NAME = 255


def archive_packed(item: Admission, work: Work, demands: Demands) -> End:
    """Pack one target into the directory of its step; return how it ended.

    Raises Refused, Cancelled and JournalError, all of them with the source untouched and no pack left.
    """
    destination = os.path.realpath(item.record.destination)
    return replace_source(item, work, _Packing(destination).make, demands=demands, destination=destination)


def return_packed(original: Record, record: Record, tools: Tools) -> Returned:
    """Take a packed archive back: the source from the trash or out of the pack, the pack to its trash."""
    return return_replaced(original, record, tools, unpack_product)


def pack_name(base: bytes, directory: int) -> bytes:
    """Return the first free name for the pack of an entry in an open directory. Raises OSError."""
    stem = base[: _LONGEST_NAME - len(PACK_SUFFIX) - 5]
    for attempt in range(1, _ATTEMPTS):
        name = stem + (b".%d" % attempt if attempt > 1 else b"") + PACK_SUFFIX
        if status_of(directory, name) is None:
            return name
    raise FileExistsError("no free name was found for the pack")


@dataclass(frozen=True, slots=True)
class _Packing:
    destination: bytes

    def make(self, shop: Workshop) -> Made:
        situation, work = shop.item.situation, shop.work
        directory = open_directory(self.destination)
        try:
            final = pack_name(situation.name, directory)
        finally:
            os.close(directory)
        work.progress.at("packing", situation.path)
        packer = Packer(
            shop.holder,
            situation.name,
            on_bytes=work.progress.add_half,
            cancelled=work.cancelled,
        )
        try:
            packer.add_tree(situation.parent, situation.name, situation.name)
            packer.finish()
            work.progress.at("verifying", situation.path)
            pack = packer.prove()
        finally:
            packer.close()
        return Made((Part(NAME, final, pack.digest),), pack.manifest_digest)


def unpack_product(rebuilding: Rebuilding) -> str:
    """Make the source again out of its pack; return what could not be kept, as a sentence.

    Raises OSError and Cancelled.
    """
    (product,) = rebuilding.products
    tools = rebuilding.tools
    file = verified_open(product)
    try:
        tools.progress.at("unpacking", product.path)
        lost = unpack(
            contents_of(file, cancelled=tools.cancelled),
            rebuilding.holder,
            rebuilding.original.digest,
            on_bytes=tools.progress.add_bytes,
            cancelled=tools.cancelled,
        )
    finally:
        os.close(file)
    return f"It could not keep: {', '.join(sorted(lost))}." if lost else ""
