"""A well-known place as a rule file says it: what moves it, and where it is when nothing does."""

from __future__ import annotations

from typing import Literal

import msgspec

Form = Literal["ini", "toml", "json", "yaml", "variables"]


class ConfigurationFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file in which a tool's user can say where the place is."""

    file: str
    """Its path; ``~`` is the home directory, ``$NAME`` a variable, ``*`` any number of them."""
    key: str
    """Which value: ``global.cache-dir``; for ``variables`` the name of the variable."""
    form: Form
    """How it is written; ``variables`` is ``NAME=value`` in lines, as in a unit of systemd."""
    below: str = ""
    """What lies between the value and the place."""


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A directory that a tool makes for itself, wherever its user told it to."""

    id: str
    """Unique among places, lower case with hyphens: ``hf-hub``."""
    title: str
    """What it is, in a few words."""
    variables: tuple[str, ...] = ()
    """Variables of the environment in the order that the tool asks them: ``HF_HOME/hub`` is below one."""
    files: tuple[ConfigurationFile, ...] = ()
    """Configuration files that can say it too."""
    defaults: tuple[str, ...] = ()
    """Where it is when nobody says anything: below ``~``, or absolute. ``*`` may stand in a name."""
    separated: bool = False
    """Whether a variable holds several paths with colons between them."""
