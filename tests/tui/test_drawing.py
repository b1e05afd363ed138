from __future__ import annotations

import pytest

from dusk.tui.bars import draw_bar, draw_gauge
from dusk.tui.glyphs import ASCII, UNICODE
from dusk.tui.row_text import Columns, describe_row, draw_row
from dusk.tui.rows import VisibleRows
from dusk.tui.session import Session
from dusk.tui.spans import cells, fit_end, fit_line, fit_middle, justify, line_cells, wrap
from dusk.tui.widgets.breadcrumb import fit_crumbs
from tui.fake_tree import FakeJudge, FakeScan, FakeTree
from tui.sample import sample_session


def text(line: tuple[tuple[str, str], ...]) -> str:
    return "".join(part for part, _ in line)


@pytest.mark.parametrize(
    ("fraction", "bar"),
    [(0, "    "), (1, "████"), (0.5, "██  "), (0.001, "▏   "), (0.6, "██▍ "), (7, "████")],
)
def test_bars_go_by_eighths_and_anything_shows(fraction: float, bar: str) -> None:
    assert draw_bar(fraction, 4) == bar


def test_ascii_bars_hold_only_ascii() -> None:
    assert draw_bar(0.5, 4, ASCII) == "##  "
    assert draw_gauge(0.5, 4, ASCII) == ("##", "--")


@pytest.mark.parametrize("width", range(30))
def test_fitted_text_never_takes_more_cells_than_it_may(width: int) -> None:
    for sample in ("checkpoint-000123.safetensors", "模型权重文件的名字很长.bin", "a", "", "👩‍👩‍👧‍👧 family"):
        assert cells(fit_middle(sample, width)) <= width
        assert cells(fit_end(sample, width)) <= width
        line = justify([(sample, "text")], [("right side", "muted")], width)
        assert line_cells(line) <= width
        assert line_cells(fit_line([(sample, "text"), (sample, "muted")], width)) <= width


def test_the_middle_goes_first_so_that_suffixes_stay() -> None:
    assert fit_middle("checkpoint-000123.safetensors", 20) == "checkpoint…fetensors"


def test_wrapped_text_fits_and_loses_nothing() -> None:
    sample = "A checkpoint, with /a/very/long/path/that/has/no/spaces/in/it/at/all and 模型权重文件 names."
    for width in range(4, 60):
        lines = wrap(sample, width, first="- ", indent="  ")
        assert all(cells(line) <= width for line in lines), width
        joined = "".join(line[2:] for line in lines).replace(" ", "")
        assert joined == sample.replace(" ", "")


@pytest.mark.parametrize("width", [24, 40, 60, 80, 120, 200])
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_every_row_is_exactly_as_wide_as_the_list(width: int, glyphs: object) -> None:
    session = sample_session(ascii_only=glyphs is ASCII)
    rows = VisibleRows(session.tree)
    for index in (session.tree.find(b"/data/" + name) for name in (b"checkpoints", b"docker", b"hf-cache")):
        assert index is not None
        rows.expand(index)
    for position in range(len(rows)):
        line = draw_row(
            describe_row(session, rows, position, False), Columns.for_width(width), session.glyphs
        )
        assert line_cells(line) == width
        if glyphs is ASCII:
            assert text(line).isascii()


def test_a_row_says_everything_without_colour() -> None:
    session = sample_session()
    rows = VisibleRows(session.tree)
    tree = session.tree
    marked = tree.find(b"/data/wandb")
    assert marked is not None
    session.choices.toggle_mark(marked)
    drawn = {
        rows.ids[position]: text(
            draw_row(describe_row(session, rows, position, False), Columns.for_width(80), session.glyphs)
        )
        for position in range(len(rows))
    }
    assert drawn[rows.cursor].startswith("▌")
    assert drawn[marked][1] == "●"
    overlay = tree.find(b"/data/docker/overlay2")
    docker = tree.find(b"/data/docker")
    assert overlay is not None and docker is not None
    rows.expand(docker)
    position = rows.row_of(overlay)
    assert position is not None
    unreadable = text(draw_row(describe_row(session, rows, position, False), Columns.for_width(80), UNICODE))
    assert unreadable[2] == "!"
    assert "permission denied" in unreadable


@pytest.mark.parametrize(
    "name",
    [
        b"a\x1b[31mred\x1b]0;pwn\x07",
        b"line\nbreak",
        b"\xff\xfe broken",
        "\u202eexe.png".encode(),
        b"[/red][bold]x",
    ],
)
def test_no_row_holds_a_character_that_moves_a_cursor(name: bytes) -> None:
    tree = FakeTree({})
    tree.add(0, name, 100)
    session = Session(FakeScan(tree), FakeJudge())  # type: ignore[arg-type]
    rows = VisibleRows(tree)
    line = text(draw_row(describe_row(session, rows, 1, False), Columns.for_width(120), session.glyphs))
    assert line.isprintable()
    assert cells(line) == 120


def test_a_name_in_a_very_deep_directory_is_still_seen() -> None:
    tree = FakeTree({})
    index = 0
    for _ in range(300):
        index = tree.add(index, "deep", {})
    session = Session(FakeScan(tree), FakeJudge())  # type: ignore[arg-type]
    rows = VisibleRows(tree)
    rows.reveal(index)
    line = text(draw_row(describe_row(session, rows, 300, False), Columns.for_width(80), session.glyphs))
    assert "deep/" in line


def test_the_breadcrumb_keeps_its_ends() -> None:
    names = ["/data", "hf-cache", "hub", "models--meta-llama--Llama-3.1-70B"]
    assert text(fit_crumbs(names, 100, UNICODE)) == f"/data › hf-cache › hub › {fit_middle(names[-1], 32)}"
    assert text(fit_crumbs(names, 46, UNICODE)) == f"/data › … › {fit_middle(names[-1], 32)}"
    for width in range(1, 60):
        assert line_cells(fit_crumbs(names, width, UNICODE)) <= width
