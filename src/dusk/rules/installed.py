"""Directories that an installer fills, as their paths tell."""

from __future__ import annotations

import re

from dusk.scan.scanner import Triggers

INSTALLED = Triggers(
    enclosures=frozenset(
        {
            b"site-packages", b"dist-packages", b"node_modules", b"__pycache__", b".tox", b".nox",
            b"conda-meta", b".rustup", b".vscode-server", b".cursor-server",
            # Names that mean so only in a directory of that other name: in them lies what was downloaded,
            # with the test keys and settings of other people's projects.
            b".cache/uv", b".cache/pip", b".cache/pre-commit", b".cargo/registry", b".cargo/git", b"pkg/mod",
            b".m2/repository", b".gradle/caches", b".gradle/wrapper", b".npm/_cacache", b".npm/_npx",
            b"pnpm/store", b"uv/python", b".pyenv/versions", b".cache/bazel", b".cache/ms-playwright",
            b".cache/rattler", b"share/Trash", b".local/Trash", b".cache/vcpkg", b".julia/packages",
            b".cache/virtualenv", b".cache/pdm", b".cache/hatch", b".cache/pipenv", b".cache/yarn",
            b".cache/pnpm", b".cache/node-gyp", b".cache/electron", b".cache/puppeteer", b".cache/Cypress",
            b".cache/coursier", b".cache/conan", b".cache/go-build", b".cache/zig", b".cache/deno",
            b".cache/golangci-lint",
            # What the system's package manager owns.
            b"/bin", b"/boot", b"/etc", b"/lib", b"/lib32", b"/lib64", b"/libx32", b"/sbin", b"/usr",
            b"/snap", b"/var/lib", b"/var/cache", b"/nix", b"/proc", b"/sys", b"/dev", b"/run",
        }
    ),
    openings=frozenset({b"/usr/local", b"/var/lib/docker/volumes"}),  # what people put there
)  # fmt: skip
"""Directories whose content an installer put there and will put there again."""
# A module of Go as it lies in the cache: uuid@v1.6.0. Desktops put a trash at the top of other disks.
_INSTALLED_SHAPE = re.compile(rb".+@v\d+\.\d+.*|\.Trash(?:-\d+)?", re.DOTALL)
_SYSTEM = tuple(path for path in INSTALLED.enclosures if path.startswith(b"/"))


def is_installed(above: bool, path: bytes) -> bool:
    """Return whether a directory's path says that an installer fills it, given whether that above it does."""
    name = path.rpartition(b"/")[2]
    return INSTALLED.encloses(above or _INSTALLED_SHAPE.fullmatch(name) is not None, path)


def is_system(path: bytes) -> bool:
    """Return whether the system's own package manager owns what lies at an absolute path."""

    def inside(tops: tuple[bytes, ...]) -> bool:
        return any(path == top or path.startswith(top + b"/") for top in tops)

    return inside(_SYSTEM) and not inside(tuple(INSTALLED.openings))
