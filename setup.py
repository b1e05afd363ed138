"""Map the top-level themes folder into the package, and build what is compiled where a compiler is there."""

import sys

from setuptools import Extension, find_packages, setup

# Optional: without a compiler the install succeeds, and Python does the same, more slowly.
EXTENSIONS = [
    Extension(
        "dusk.fs._removal",
        sources=["native/fs/removal.cpp"],
        extra_compile_args=["-std=c++17", "-O2", "-g0"],
        py_limited_api=True,
        optional=True,
    ),
]

# setuptools' declarative table cannot add one mapped package to a found list.
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
    ext_modules=EXTENSIONS if sys.platform == "linux" else [],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
