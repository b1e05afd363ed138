"""What may be replaced by something made of it: a plain file of one's own, with one name."""

from __future__ import annotations

import os
import stat

from dusk.actions.checks import Situation


def reason_against(situation: Situation, doing: str) -> str | None:
    """Return why a target is no such file, as the end of a sentence; None when it is.

    ``doing`` is what would be done with it: "compress".
    """
    status = situation.status
    if not stat.S_ISREG(status.st_mode):
        return f"is not a file: name the files to {doing}"
    if status.st_nlink > 1:
        return f"has {status.st_nlink} names (hard links): what is made of one of them frees nothing"
    if os.geteuid() not in (0, status.st_uid):
        return f"belongs to user {status.st_uid}, and what is made of it would belong to user {os.geteuid()}"
    return None
