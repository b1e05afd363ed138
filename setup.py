"""Map the top-level themes folder into the package, in wheel, sdist and editable installs alike."""

from setuptools import find_packages, setup

# setuptools' declarative table cannot add one mapped package to a found list.
setup(
    packages=[*find_packages("src"), "dusk.themes"],
    package_dir={"": "src", "dusk.themes": "themes"},
    package_data={
        "dusk": ["py.typed"],
        "dusk.themes": ["*.toml"],
        "dusk.rules": ["*.toml", "*.json"],
        "dusk.rules.catalogue": ["*.toml"],
        "dusk.tui": ["*.tcss", "*/*.tcss"],
    },
)
