"""Places that tools make for themselves: where variables and config files put them, or at their defaults."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dusk.rules.examples import judge_directory
from dusk.rules.place import ConfigurationFile, Place
from dusk.rules.place_files import values
from dusk.rules.places import Places
from dusk.rules.rulebook import RuleBook
from dusk.scan.start import ScanOptions, open_scan

from .trees import book, put

HUB = Place(
    "hub",
    "a cache",
    variables=("HUB_CACHE", "TOOL_HOME/hub"),
    defaults=("~/.cache/tool/hub", "/var/tmp/tool_*"),
)
DATA = Place("data", "data in a home", defaults=("~/tool_data",))


def tree_of(path: Path):
    scan = open_scan(os.fsencode(path), ScanOptions())
    scan.start()
    assert scan.wait(10)
    return scan.tree


def is_at(places: Places, name: str, root: Path, path: Path) -> bool:
    tree = tree_of(root)
    index = tree.find(os.fsencode(path))
    assert index is not None
    return places.is_at(name, tree, index)


def test_a_variable_moves_a_place_and_the_default_below_any_home_still_counts(tmp_path: Path) -> None:
    moved = tmp_path / "big" / "models"
    default = tmp_path / "somebody" / ".cache" / "tool" / "hub"
    other = tmp_path / "big" / "hub"
    for directory in (moved, default, other):
        directory.mkdir(parents=True)
    places = Places.resolve((HUB,), {"HUB_CACHE": str(moved)}, home=os.fsencode(tmp_path / "me"))
    assert places.paths("hub")[0] == os.fsencode(moved), "what the tool asks first is first"
    assert is_at(places, "hub", tmp_path, moved)
    assert is_at(places, "hub", tmp_path, default)
    assert not is_at(places, "hub", tmp_path, other)


def test_a_variable_may_name_the_directory_above_and_may_go_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk" / "tool" / "hub").mkdir(parents=True)
    (tmp_path / "home").symlink_to("disk")
    places = Places.resolve((HUB,), {"TOOL_HOME": str(tmp_path / "home" / "tool")}, home=b"/home/me")
    assert is_at(places, "hub", tmp_path, tmp_path / "disk" / "tool" / "hub")


@pytest.mark.parametrize("value", ["/", "/data", "{home}", "{above}", "relative/hub", "", "~"])
def test_a_variable_that_names_a_home_or_less_makes_no_cache_of_it(tmp_path: Path, value: str) -> None:
    home = tmp_path / "home" / "me"
    said = value.format(home=home, above=home.parent)
    places = Places.resolve((HUB,), {"HUB_CACHE": said}, home=os.fsencode(home))
    assert places.paths("hub") == (os.fsencode(home / ".cache" / "tool" / "hub"),)


def test_what_lies_directly_in_a_home_needs_a_home_around_it(tmp_path: Path) -> None:
    (tmp_path / "me" / "tool_data").mkdir(parents=True)
    put(tmp_path / "me" / ".bashrc")
    (tmp_path / "project" / "tool_data").mkdir(parents=True)
    places = Places.resolve((DATA,), {}, home=b"/home/nobody")
    assert is_at(places, "data", tmp_path, tmp_path / "me" / "tool_data")
    assert not is_at(places, "data", tmp_path, tmp_path / "project" / "tool_data")


def test_an_entry_lies_within_a_place_at_any_depth_also_when_the_scan_began_inside(tmp_path: Path) -> None:
    inside = put(tmp_path / ".cache" / "tool" / "hub" / "a" / "b" / "file")
    places = Places.resolve((HUB,), {}, home=b"/home/nobody")
    for root in (tmp_path, tmp_path / ".cache" / "tool", tmp_path / ".cache" / "tool" / "hub" / "a"):
        tree = tree_of(root)
        index = tree.find(os.fsencode(inside))
        assert index is not None and places.is_within("hub", tree, index)
    tree = tree_of(tmp_path)
    assert not places.is_within("hub", tree, 0)


@pytest.mark.parametrize(
    ("form", "text", "key", "found"),
    [
        ("ini", "[global]\ncache-dir = /data/pip\n", "global.cache-dir", ["/data/pip"]),
        ("ini", "cache=/data/npm\n", "cache", ["/data/npm"]),
        ("ini", "[lfs]\n\tstorage = /data/lfs\n", "lfs.storage", ["/data/lfs"]),
        ("ini", "no section at all [", "global.cache-dir", []),
        ("toml", 'cache-dir = "/data/uv"\n', "cache-dir", ["/data/uv"]),
        ("toml", "cache-dir = ", "cache-dir", []),
        ("toml", '[storage]\ngraphroot = "$SCRATCH/c"', "storage.graphroot", ["/scratch/c"]),
        ("toml", 'cache-dir = "$NOWHERE/uv"\n', "cache-dir", []),
        ("json", '{"data-root": "/data/docker"}', "data-root", ["/data/docker"]),
        ("json", "[" * 100000, "data-root", []),
        ("yaml", "pkgs_dirs:\n  - /a/pkgs # the big disk\n  - ~/pkgs\nother:\n  - /no\n", "pkgs_dirs",
         ["/a/pkgs", "/home/me/pkgs"]),
        ("yaml", "pkgs_dirs: [/a/pkgs, '/b/pkgs']\n", "pkgs_dirs", ["/a/pkgs", "/b/pkgs"]),
        ("variables", '[Service]\nEnvironment="OLLAMA_MODELS=/data/ollama" "OTHER=1"\n', "OLLAMA_MODELS",
         ["/data/ollama"]),
        ("variables", "# MODELS=/no\nexport MODELS='/data/o l'\n", "MODELS", ["/data/o l"]),
    ],
)  # fmt: skip
def test_configuration_files_are_read_and_wrong_ones_say_nothing(
    tmp_path: Path, form: str, text: str, key: str, found: list[str]
) -> None:
    file = put(tmp_path / "config", text)
    source = ConfigurationFile(str(file), key, form)  # type: ignore[arg-type]
    assert list(values(source, {"SCRATCH": "/scratch"}, "/home/me")) == found


def test_files_that_are_not_there_or_are_pipes_say_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "missing", "many*"):
        source = ConfigurationFile(str(tmp_path / name), "cache", "ini")
        assert list(values(source, {}, "/home/me")) == []


RULE = """
[[place]]
id = "my-cache"
title = "Mine"
variables = ["MY_CACHE"]
defaults = ["~/.cache/mine"]
[[rule]]
id = "my-cache"
title = "My cache"
family = "mine"
tag = "mine"
safety = "safe"
actions = ["trash"]
[rule.match]
place = "my-cache"
[rule.explain]
what = "A cache."
cost = "Time."
recover = "By itself."
[[rule]]
id = "my-parts"
title = "Part of my cache"
family = "mine"
tag = "part"
safety = "safe"
actions = ["trash"]
[rule.match]
names = ["*.chunk"]
within = "my-cache"
[rule.explain]
what = "A part."
cost = "Time."
recover = "By itself."
"""


def test_a_rule_names_a_place_and_needs_no_name_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "config" / "rules" / "mine.toml", RULE)
    put(tmp_path / "tree" / "odd [name]" / "deep" / "x.chunk")
    put(tmp_path / "tree" / "me" / ".cache" / "mine" / "y")
    put(tmp_path / "tree" / "z.chunk")
    monkeypatch.setenv("MY_CACHE", str(tmp_path / "tree" / "odd [name]"))
    rules = RuleBook.load(os.fsencode(tmp_path / "config"))
    assert not rules.problems
    judging = judge_directory(os.fsencode(tmp_path / "tree"), rules)
    found = {
        (finding.rule, os.path.relpath(os.fsdecode(path), tmp_path / "tree"))
        for finding in judging.findings()
        for path in finding.paths
    }
    assert found == {
        ("my-cache", "odd [name]"), ("my-cache", "me/.cache/mine"), ("my-parts", "odd [name]/deep/x.chunk")
    }  # fmt: skip


def test_every_shipped_place_is_named_once_and_moves_with_its_first_variable(tmp_path: Path) -> None:
    places = book().known_places
    assert len({place.id for place in places}) == len(places)
    for place in places:
        if place.variables:
            name, _, below = place.variables[0].partition("/")
            value = str(tmp_path / "moved")
            resolved = Places.resolve((place,), {name: value}, home=b"/home/me")
            assert resolved.paths(place.id)[0] == os.fsencode(os.path.join(value, below).rstrip("/"))
