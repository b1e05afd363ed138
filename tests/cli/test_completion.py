"""Completion scripts: whole, and accepted by the shells that are here."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from dusk.cli.completion_scripts import SCRIPTS
from dusk.cli.grammar import verbs

SHELLS = {"bash": ["bash", "-n"], "zsh": ["zsh", "-n"], "fish": ["fish", "--no-execute"]}


@pytest.mark.parametrize("shell", sorted(SHELLS))
def test_the_script_is_accepted_by_its_shell(shell, say, tmp_path):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / "script"
    script.write_text(say("completion", shell).out)
    done = subprocess.run([*SHELLS[shell], script], capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("shell", sorted(SCRIPTS))
def test_the_script_knows_every_command_and_option(shell):
    script = SCRIPTS[shell]()
    for verb in verbs():
        for word in verb.words:
            assert word in script
        for flag in verb.flags:
            for name in flag.names:
                assert (name.lstrip("-") if shell == "fish" else name) in script


def complete(line: str, directory) -> list[str]:
    words = line.split(" ")
    program = (
        f"source <(printf '%s' \"$SCRIPT\"); COMP_WORDS=({' '.join(word or chr(39) * 2 for word in words)}); "
        f"COMP_CWORD={len(words) - 1}; _dusk; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", program],
        capture_output=True,
        timeout=60,
        check=True,
        cwd=directory,
        env={"SCRIPT": SCRIPTS["bash"](), "PATH": "/usr/bin:/bin"},
    )
    return done.stdout.decode().split("\n")[:-1]


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_commands_options_values_and_paths(tmp_path):
    (tmp_path / "journal of mine").mkdir()
    (tmp_path / "jars").write_text("")
    assert complete("dusk sug", tmp_path) == ["suggest"]
    assert complete("dusk j", tmp_path) == ["journal", "jars", "journal of mine"] or set(
        complete("dusk j", tmp_path)
    ) == {"journal", "jars", "journal of mine"}
    assert complete("dusk bin ", tmp_path) == ["list", "restore", "empty"]
    assert complete("dusk bin empty --old", tmp_path) == ["--older-than"]
    assert complete("dusk trash --y", tmp_path) == ["--yes"]
    assert complete("dusk archive x --to j", tmp_path) == ["journal of mine"]
    assert complete("dusk completion ", tmp_path) == ["bash", "zsh", "fish"]
    assert "--read-only" in complete("dusk --", tmp_path)
