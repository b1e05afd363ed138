"""Settings: what is wrong is said with file and key, and never guessed."""

from __future__ import annotations

import os

import pytest

from dusk.settings import Settings, SettingsError, load_settings


def load(tmp_path, text: str) -> Settings:
    (tmp_path / "config.toml").write_text(text)
    return load_settings(os.fsencode(tmp_path))


def test_no_file_means_defaults(tmp_path):
    assert load_settings(os.fsencode(tmp_path)) == Settings()


def test_thresholds_are_read(tmp_path):
    settings = load(tmp_path, '[thresholds]\nlive_within = "2h"\nminimum_size = "1.5G"\n')
    assert settings.thresholds.live_within == "2h"
    assert settings.thresholds.old_after == "7d"


@pytest.mark.parametrize("key", ["live_within", "old_after", "minimum_size"])
def test_a_threshold_that_says_nothing_is_an_error_and_not_the_default(tmp_path, key):
    with pytest.raises(SettingsError, match=rf"config\.toml:2: thresholds\.{key}: not a"):
        load(tmp_path, f'[thresholds]\n{key} = "a while"\n')


@pytest.mark.parametrize("text", ['"a\\u001b[31m" = 1', '"\\u202egpj" = 1', "[thresholds]\n'x\x7f' = 1"])
def test_an_error_holds_no_terminal_command(tmp_path, text):
    with pytest.raises(SettingsError) as raised:
        load(tmp_path, text)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# mine\nascii = 3\n", r"config\.toml:2: Expected `bool`, got `int` - at `\$\.ascii`"),
        ("mouse = true\n\ncolour = 1\n", r"config\.toml:3: Object contains unknown field `colour`"),
        ("[thresholds]\nold = '7d'\n", r"config\.toml:2: .*`old`"),
        (
            'protected = [\n  "/data",\n  "thesis",\n]\n',
            r"config\.toml:1: protected\[1\]: must begin with / or ~/",
        ),
        ('[retention."a b"]\nnewest = 0\n', r"config\.toml:2: retention\.a b\.newest: at least 1"),
        ("theme = \n", r"config\.toml: is not TOML: .*line 1"),
    ],
)
def test_an_error_names_file_line_and_key(tmp_path, text, message):
    with pytest.raises(SettingsError, match=message):
        load(tmp_path, text)


def test_paths_of_the_home_may_be_protected(tmp_path):
    assert load(tmp_path, 'protected = ["~/thesis", "/data", "~"]\n').protected == ("~/thesis", "/data", "~")
