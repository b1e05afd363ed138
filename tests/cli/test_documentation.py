"""The documentation names every command, option, exit code and field that there is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest

from dusk.cli.exit_codes import ExitCode
from dusk.cli.grammar import verbs
from dusk.settings import Settings

TEXT = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
SYNOPSIS = TEXT.split("```")[1]


def line_of(words):
    lines = [line for line in SYNOPSIS.splitlines() if line.startswith(" ".join(("dusk", *words)))]
    return "\n".join(lines)


@pytest.mark.parametrize("verb", verbs(), ids=lambda verb: " ".join(verb.words) or "dusk")
def test_every_command_and_option_is_documented(verb):
    synopsis = (
        SYNOPSIS if not verb.words else line_of(verb.words if verb.words[-1] != "list" else verb.words[:-1])
    )
    assert synopsis
    for flag in verb.flags:
        if flag.names == ("-h", "--help"):
            continue
        for name in flag.names:
            assert name in synopsis, name
            assert f"`{name}" in TEXT, name
    for name in (*verb.positionals, *verb.choices):
        assert name in synopsis or name in TEXT.split("### dusk completion")[1], name


def test_no_option_is_documented_that_does_not_exist():
    known = {name for verb in verbs() for flag in verb.flags for name in flag.names}
    known |= {"--no-run-if-empty", "--xattrs", "--xattrs-include", "--zstd"}  # of other tools
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", TEXT)) <= known


def test_every_exit_code_is_documented():
    for code in ExitCode:
        assert f"| {code.value} |" in TEXT


def test_the_settings_in_the_documentation_are_all_settings():
    example = re.search(r"```toml\n(.*?)```", TEXT, re.DOTALL)[1]
    document = tomllib.loads(example)
    msgspec.convert(document, Settings)
    assert set(document) == set(Settings.__struct_fields__)
    assert document["thresholds"] == msgspec.to_builtins(Settings().thresholds)


def section(title):
    return TEXT.split(f"### {title}")[1].split("\n##")[0]


def fields_of(document):
    return {f"`{name}`" for name in document}


def test_every_field_of_every_document_is_documented(say, tmp_path):
    place = tmp_path / "practice"
    say("demo", place, "--no-open")
    pycache = place / "__pycache__"

    def check(title, *words, item=None):
        document = json.loads(say(*words).out)
        whole = document[0] if isinstance(document, list) else document
        missing = [name for name in fields_of(whole) if name not in section(title)]
        if item:
            missing += [name for name in fields_of(whole[item][0]) if name not in section(title)]
        assert missing == []

    check("dusk scan --json", "scan", "--json", place)
    check("dusk suggest --json", "suggest", "--json", place)
    check("dusk explain --json", "explain", "--json", pycache)
    check("dusk trash --json", "trash", "--json", "--yes", pycache, item="items")
    check("dusk journal --json", "journal", "--json", "1", item="records")
    check("dusk bin --json", "bin", "--json")
    check("dusk undo --json", "undo", "--json", item="items")
    check("dusk doctor --json", "doctor", "--json", item="checks")
    check("dusk rules --json", "rules", "test", "--json", "python-bytecode")
    check("dusk demo --json", "demo", "--json", place)
    say("trash", "--yes", pycache)
    check("dusk bin --json", "bin", "empty", "--json", "--yes", item="items")


def test_the_script_in_the_documentation_works(tmp_path, say):
    place = tmp_path / "practice"
    say("demo", place, "--no-open")
    script = TEXT.split("comes back by itself:")[1].split("```sh\n")[1].split("```")[0]
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "dusk").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dusk "$@"\n')
    (tools / "dusk").chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", script.replace("/data", str(place))],
        env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    states = {item["state"] for item in json.loads(done.stdout)["items"]}
    assert states == {"done"}
    assert not (place / "__pycache__").exists()
