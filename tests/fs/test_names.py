"""Names as people may see them: nothing that moves a cursor, hides or lies about direction."""

from __future__ import annotations

import os
import shutil
import subprocess
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dusk.fs.names import display_name, display_path, json_text, shell_word

NAMES = st.binary(max_size=40).filter(lambda name: b"\0" not in name)
TEXTS = st.text(max_size=40).filter(lambda text: "\0" not in text)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"plain.txt", "plain.txt"),
        ("häßlich 名前 🦀".encode(), "häßlich 名前 🦀"),
        (b"a\x1b[31mb", "a␛[31mb"),
        (b"two\nlines", "two␊lines"),
        (b"tab\tdel\x7f", "tab␉del␡"),
        (b"\xff\xfe", "\\xff\\xfe"),
        ("c1\u009b31m".encode(), "c1\\x9b31m"),
        ("\u202egnp.exe".encode(), "‹RLO›gnp.exe"),
        ("a\u2028b".encode(), "a‹LS›b"),
        ("soft\u00adhyphen".encode(), "soft‹U+00AD›hyphen"),
        ("\u3164".encode(), "‹U+3164›"),
        ("👩\u200d🔬".encode(), "👩\u200d🔬"),
        (b"[bold]markup[/]", "[bold]markup[/]"),
        (b"", ""),
    ],
)
def test_display(name, shown):
    assert display_name(name) == shown
    assert display_path(b"/a/" + name) == "/a/" + shown


@given(NAMES | TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_nothing_shown_moves_a_cursor(name):
    shown = display_name(name)
    assert "\x1b" not in shown
    for character in shown:
        assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
        assert unicodedata.category(character) != "Cf" or character == "\u200d"
    shown.encode("utf-8")


@given(NAMES)
def test_json_text_gives_the_bytes_back(name):
    assert json_text(name).encode("utf-8", "surrogateescape") == name


@pytest.mark.parametrize(
    ("path", "word"),
    [
        (b"/data/run-1", "/data/run-1"),
        (b"/data/my run", "'/data/my run'"),
        (b"it's", "'it'\\''s'"),
        (b"", "''"),
        (b"~", "'~'"),
        (b"=ls", "'=ls'"),
        (b"--min=1", "--min=1"),
        (b"a\nb", "$'a\\012b'"),
        (b"\xff'", "$'\\377\\''"),
    ],
)
def test_shell_words(path, word):
    assert shell_word(path) == word


@pytest.mark.parametrize("shell", ["bash", "zsh", "ksh"])
def test_shells_read_the_bytes_back(shell):
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} on this machine")
    names = [
        b"plain",
        b"sp ace",
        b"new\nline5",
        b"\xff\xfe9a",
        b"it's",
        b'$HOME `x` \\ "q"',
        b"!hist",
        b"=ls",
        b"#c",
    ]
    names += ["名前".encode(), b"\x1b[31m", b"*?[a]{b,c}", b"\x01f", os.urandom(200).replace(b"\0", b"")]
    script = "printf '%s\\0' " + " ".join(shell_word(name) for name in names)
    done = subprocess.run([shell, "-c", script], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"})
    assert done.stdout.split(b"\0")[:-1] == names


@given(NAMES)
def test_shell_words_are_printable(name):
    assert display_name(shell_word(name)) == shell_word(name)
