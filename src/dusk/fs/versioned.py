"""The directories in which version control keeps its own data."""

from __future__ import annotations

VERSION_CONTROL = frozenset({b".git", b".hg", b".svn", b".bzr", b"_darcs", b".jj", b".pijul"})
"""Names of them. Equal files and empty directories in there are as they must be."""
