"""Build what is compiled where that can be, and map the top-level themes folder into the package."""

import os
import sys
from glob import glob

from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError, LinkError

# Without a compiler the install still succeeds; `dusk doctor` says what is lost. CI and wheels ask for more.
OPTIONAL = not os.environ.get("DUSK_REQUIRE_NATIVE")
STRESS = "native/scan/stress.cpp"  # a program of its own, for the sanitizers
WHOLE_PROGRAM = "-flto"  # small functions of other files are inlined: 1 % of a scan's processor time
OPTIMISED = ["-O2", WHOLE_PROGRAM]


class BuildNative(build_ext):
    """Optimise across files where compiler and linker can, which some pairs of them cannot."""

    def build_extension(self, ext: Extension) -> None:
        """Build one module, a second time without that if need be."""
        try:
            super().build_extension(ext)
        except (CompileError, LinkError):
            ext.extra_compile_args.remove(WHOLE_PROGRAM)
            ext.extra_link_args.remove(WHOLE_PROGRAM)
            super().build_extension(ext)


def extension(name: str, sources: list[str]) -> Extension:
    """Return a module of the stable ABI: one build serves every Python from 3.11 on."""
    return Extension(
        name,
        sources=sources,
        depends=sorted(glob("native/**/*.h", recursive=True)),
        language="c++",
        extra_compile_args=["-std=c++17", *OPTIMISED, "-g0", "-fvisibility=hidden", "-Wall", "-Wextra"],
        extra_link_args=["-pthread", *OPTIMISED, "-s"],
        define_macros=[("Py_LIMITED_API", "0x030b0000"), ("NDEBUG", None)],
        py_limited_api=True,
        optional=OPTIONAL,
    )


NATIVE = [
    extension("dusk.scan._native", sorted(set(glob("native/scan/*.cpp")) - {STRESS})),
    extension("dusk.fs._removal", ["native/fs/removal.cpp"]),
]

# setuptools' declarative table cannot add one mapped package to a found list, nor an extension's options.
setup(
    packages=[*find_packages("src"), "dusk.themes"],
    package_dir={"": "src", "dusk.themes": "themes"},
    package_data={
        "dusk": ["py.typed", "*/*.pyi"],
        "dusk.themes": ["*.toml"],
        "dusk.rules": ["*.toml", "*.json"],
        "dusk.rules.catalogue": ["*.toml"],
        "dusk.tui": ["*.tcss", "*/*.tcss"],
    },
    cmdclass={"build_ext": BuildNative},
    # getdents64, statx and openat2 are Linux's own; everywhere else Python does the same, more slowly.
    ext_modules=NATIVE if sys.platform == "linux" else [],
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if sys.platform == "linux" else {},
)
