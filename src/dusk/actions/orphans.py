"""Documents in a trash that belong to nothing any more: left by a kill between reserving and moving."""

from __future__ import annotations

import os
import time

from dusk.actions import trashinfo
from dusk.actions.journal import Journal
from dusk.actions.record import OPEN_STATES
from dusk.actions.relocation import status_of
from dusk.actions.trash_directory import TrashDirectory

# Other tools write the document first, too, and may take a while to copy what belongs to it.
_LEAST_AGE = 3600.0


def sweep_documents(journal: Journal, place: TrashDirectory) -> int:
    """Remove documents without an item that dusk itself wrote, more than an hour ago; return how many.

    What the journal does not know is left alone: another tool may still be at work on it. Raises OSError
    and JournalError.
    """
    if not place.lock(alone=True):
        return 0
    try:
        count = 0
        for text in os.listdir(place.info):
            document = os.fsencode(text)
            name = document.removesuffix(trashinfo.SUFFIX)
            if name != document and _is_orphan(journal, place, name, document):
                os.unlink(document, dir_fd=place.info)
                count += 1
        return count
    finally:
        place.lock()


def _is_orphan(journal: Journal, place: TrashDirectory, name: bytes, document: bytes) -> bool:
    if status_of(place.files, name) is not None:
        return False
    status = status_of(place.info, document)
    if status is None or time.time() - status.st_mtime < _LEAST_AGE:
        return False
    known = journal.of_trash_name(place.path, name)
    return bool(known) and all(record.state not in OPEN_STATES for record in known)
