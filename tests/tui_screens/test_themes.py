"""Themes: what ships is complete and readable in true colour and in 256; what is wrong is named."""

from __future__ import annotations

import colorsys
import os
import sys
from importlib import resources

import pytest
from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from dusk.tui.looks import looks_of
from dusk.tui.palette_filter import NearestOf256, nearest_number, palette_triplet
from dusk.tui.themes import VARIABLES, first_themes, load_themes, read_theme, suitable_theme

SURFACES = ("background", "surface", "panel", "cursor-background", "queue-background")
# Lines and bars are shapes, not text; WCAG asks 3:1 of those only where nothing else says the same.
SHAPES = {"bar", "bar-rest", "rule-line", "cursor-background", "queue-background"}
LEVELS = ("safe", "costly", "review", "keep")
TEXTS = [name for name in VARIABLES if name not in SHAPES]
GOOD = b"""
primary = "#112233"
foreground = "#ffffff"
background = "#000000"
surface = "#101010"
panel = "#202020"
warning = "yellow"
error = "red"
success = "green"
"""


@pytest.fixture(autouse=True)
def empty_configuration(tmp_path, monkeypatch):
    monkeypatch.setenv("DUSK_CONFIG_DIR", str(tmp_path))


def shipped():
    return {theme.name: theme for theme in load_themes(b"/nonexistent").themes}


def exact_themes():
    return [theme for theme in shipped().values() if not theme.ansi]


def colours(theme):
    generated = theme.to_color_system().generate() | theme.variables
    names = (*SURFACES, *VARIABLES, "foreground", "footer-foreground", "footer-key-foreground")
    return {name: Color.parse(generated[name]) for name in names}


def luminance(triplet):
    channels = [c / 255 for c in triplet]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first, second):
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_at_least_one_dark_light_contrast_and_terminal_theme_ship():
    themes = shipped()
    assert {"dusk-night", "dusk-day", "dusk-contrast", "dusk-terminal"} <= themes.keys()
    assert themes["dusk-night"].dark and not themes["dusk-day"].dark
    assert themes["dusk-terminal"].ansi


def test_shipped_themes_have_no_problem_and_set_every_variable():
    shelf = load_themes(b"/nonexistent")
    files = [file for file in resources.files("dusk.themes").iterdir() if file.name.endswith(".toml")]
    assert len(files) == len(shelf.themes)
    for file in files:
        assert read_theme(file.read_bytes(), "stem", file.name)[1] == []
    for theme in shelf.themes:
        assert VARIABLES.keys() <= theme.variables.keys(), theme.name


@pytest.mark.parametrize("theme", exact_themes(), ids=lambda theme: theme.name)
def test_surfaces_stay_apart_in_256_colours(theme):
    palette = colours(theme)
    numbers = [nearest_number(*palette[name].rgb) for name in ("background", "surface", "panel")]
    assert len(set(numbers)) == 3
    assert nearest_number(*palette["cursor-background"].rgb) not in numbers[:2]


@pytest.mark.parametrize("theme", exact_themes(), ids=lambda theme: theme.name)
@pytest.mark.parametrize("mapped", [False, True], ids=["true colour", "256 colours"])
def test_text_has_contrast_on_every_surface(theme, mapped):
    least = 7.0 if theme.name == "dusk-contrast" else 4.5
    palette = {name: colour.rgb for name, colour in colours(theme).items()}
    if mapped:
        palette = {name: palette_triplet(nearest_number(*rgb)) for name, rgb in palette.items()}
    weak = {
        (text, surface): round(contrast(palette[text], palette[surface]), 2)
        for text in (*TEXTS, "foreground", "footer-foreground", "footer-key-foreground")
        for surface in SURFACES
        if contrast(palette[text], palette[surface]) < least
    }
    assert not weak


@pytest.mark.parametrize("theme", [t for t in exact_themes() if t.dark], ids=lambda theme: theme.name)
def test_dark_surfaces_are_almost_grey_or_palette_colours(theme):
    for name in SURFACES:
        colour = colours(theme)[name]
        in_palette = palette_triplet(nearest_number(*colour.rgb)) == colour.rgb
        assert in_palette or colorsys.rgb_to_hls(*colour.normalized)[2] < 0.15, name


@pytest.mark.parametrize("theme", exact_themes(), ids=lambda theme: theme.name)
def test_safety_levels_have_colours_of_their_own(theme):
    palette = colours(theme)
    numbers = {
        nearest_number(*palette[f"safety-{level}"].rgb) for level in ("safe", "costly", "review", "keep")
    }
    assert len(numbers) == 4


def test_filter_maps_exact_colours_only():
    exact = Style(color="#141416", bgcolor="#ee7f77", bold=True)
    named = Style(color="red")
    result = NearestOf256().apply([Segment("a", exact), Segment("b", named), Segment("c")], Color(0, 0, 0))
    assert result[0].style.color.number >= 16 and result[0].style.bgcolor.number >= 16
    assert result[0].style.bold
    assert result[1].style.color == RichColor.parse("red")
    assert result[2].style is None


def test_a_dark_blue_surface_does_not_turn_teal():
    red, green, blue = palette_triplet(nearest_number(0x19, 0x17, 0x24))
    assert max(red, green, blue) - min(red, green, blue) < 30


def test_user_theme_replaces_the_shipped_one_of_its_name(tmp_path):
    (tmp_path / "themes").mkdir()
    (tmp_path / "themes" / "dusk-night.toml").write_bytes(GOOD)
    shelf = load_themes()
    assert [theme.name for theme in shelf.themes].count("dusk-night") == 1
    assert next(theme for theme in shelf.themes if theme.name == "dusk-night").primary == "#112233"


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        (b'secondary = "notacolour"', "secondary", "not a colour"),
        (b"accent = 7", "accent", "not a colour in quotes"),
        (b'shade = "red"', "shade", "no key"),
        (b'dark = "yes"', "dark", "true or false"),
        (b"text_alpha = 3", "text_alpha", "0 to 1"),
        (b'[variables]\nsize-huge = "reddish"', "variables.size-huge", "not a colour"),
        (b'[variables]\nsize-hgue = "red"', "variables.size-hgue", "no variable"),
        (b'[variables]\nlink-style = "wobbly"', "variables.link-style", "not a text style"),
        (b'variables = "red"', "variables", "not a table"),
    ],
)
def test_wrong_keys_are_named_and_the_rest_still_loads(tmp_path, change, key, words):
    (tmp_path / "themes").mkdir()
    (tmp_path / "themes" / "mine.toml").write_bytes(GOOD + change)
    shelf = load_themes()
    assert [problem.key for problem in shelf.problems] == [key]
    assert words in str(shelf.problems[0]) and "mine.toml" in str(shelf.problems[0])
    assert len(shelf.themes) >= 4


def test_missing_colours_are_named():
    theme, problems = read_theme(b'primary = "red"', "mine", "mine.toml")
    assert theme is None
    assert {problem.key for problem in problems} >= {"background", "foreground", "surface"}


@pytest.mark.parametrize("content", [b"primary = ", b"\xff\xfe", b'primary = "red'])
def test_a_file_that_is_not_toml_is_said(content):
    theme, problems = read_theme(content, "mine", "mine.toml")
    assert theme is None and "is not TOML" in str(problems[0])


def test_hostile_file_names_and_values_are_shown_harmlessly(tmp_path):
    (tmp_path / "themes").mkdir()
    name = os.fsencode(tmp_path) + b"/themes/x\x1b[31m.toml"
    with open(name, "wb") as file:
        file.write(GOOD + b'secondary = "\\u001b]0;pwn\\u0007"\n')
    text = "".join(str(problem) for problem in load_themes().problems)
    assert text and "\x1b" not in text and "\x07" not in text


@pytest.mark.parametrize("extra", [b'"\\u001b[35mk" = "red"', b'[variables]\n"\\u202ek" = "red"'])
def test_hostile_keys_are_shown_harmlessly(extra):
    theme, problems = read_theme(GOOD + extra, "x", "x.toml")
    assert theme is None
    assert problems
    assert all(str(problem).isprintable() for problem in problems)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root reads everything")
def test_unreadable_theme_directory_is_said(tmp_path):
    (tmp_path / "themes").mkdir(mode=0)
    assert "cannot be listed" in str(load_themes().problems[0])


def test_a_theme_file_that_is_a_directory_is_said(tmp_path):
    (tmp_path / "themes" / "x.toml").mkdir(parents=True)
    assert "cannot be read" in str(load_themes().problems[0])


MINIMAL_TERMINAL = b"""
ansi = true
primary = "ansi_blue"
foreground = "ansi_default"
background = "ansi_default"
surface = "ansi_default"
panel = "ansi_default"
warning = "ansi_yellow"
error = "ansi_red"
success = "ansi_green"
"""


@pytest.mark.parametrize("name", [*shipped(), "minimal", "minimal-terminal", "nord", "textual-ansi-light"])
async def test_every_theme_dresses_an_app_with_all_kinds_of_widgets(session, files, name):
    from screen_harness import Harness, plan_of
    from textual.widgets import Input

    from dusk.tui.screens.question import QuestionScreen
    from dusk.tui.screens.review import ReviewScreen

    session.plan = plan_of(*files)
    app = Harness(ReviewScreen(session))
    for stem, content in (("minimal", GOOD), ("minimal-terminal", MINIMAL_TERMINAL)):
        theme, problems = read_theme(content, stem, stem)
        assert not problems
        app.register_theme(theme)
    async with app.run_test(size=(80, 24)) as pilot:
        app.theme = name.removeprefix("textual-")
        await pilot.pause()
        await app.screen.mount(Input())
        app.push_screen(QuestionScreen("Really?", [(("text", "strong"),)], yes="Yes"))
        await pilot.pause()
        app.action_command_palette()
        await pilot.pause()
        assert app.current_theme.name == name.removeprefix("textual-")


def test_sixteen_colours_use_the_terminals_own():
    themes = shipped()
    assert suitable_theme("dusk-night", themes, "standard") == "dusk-terminal"
    assert suitable_theme("dusk-night", themes, "256") == "dusk-night"
    assert suitable_theme("gone", themes, "truecolor") == "dusk-night"


def test_a_colour_that_lets_something_through_is_mixed_with_what_is_behind_it():
    variables = {**load_themes(b"/nonexistent").themes[0].variables, "foreground": "#ffffff"}
    variables |= {"muted": "#ffffff 50%", "tag": "initial"}
    looks = looks_of(variables, Style(), Color.parse("#000000"))
    assert looks["muted"].color.triplet == (127, 127, 127)
    assert looks["tag"].color.triplet == (0, 0, 0)


def test_the_first_frame_reads_only_the_theme_it_needs_unless_the_user_has_some(tmp_path):
    nowhere = os.fsencode(tmp_path / "none")
    assert {each.name for each in first_themes("", nowhere).themes} == {"dusk-night", "dusk-terminal"}
    assert "dusk-day" in {each.name for each in first_themes("dusk-day", nowhere).themes}
    assert len(first_themes("unknown", nowhere).themes) == len(load_themes(nowhere).themes)
    (tmp_path / "themes").mkdir()
    (tmp_path / "themes" / "mine.toml").write_bytes(b'name = "dusk-night"\n' + GOOD)
    mine = {each.name: each for each in first_themes("dusk-night", os.fsencode(tmp_path)).themes}
    assert mine["dusk-night"].primary == "#112233"
