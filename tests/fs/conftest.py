"""What the tests of the filesystem share."""

from __future__ import annotations

from unprivileged import as_user

__all__ = ["as_user"]
