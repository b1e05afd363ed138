from __future__ import annotations

import pytest

from dusk.scan.entry import Measure, Sort
from dusk.scan.tree import ROOT
from dusk.tui.rows import VisibleRows, directory_of_more, more_row
from tui.fake_tree import FakeTree, Spec

TREE = {"big": {"deep": {"x": 500}, "y": 200}, "mid": {"z": 300}, "small": 10}


def names(rows: VisibleRows, tree: FakeTree) -> list[str]:
    return [
        "  " * depth + (tree.name(index).decode() if index >= 0 else f"more of {directory_of_more(index)}")
        for index, depth in zip(rows.ids, rows.depths, strict=True)
    ]


def test_the_root_is_open_and_its_children_stand_biggest_first() -> None:
    tree = FakeTree(TREE)
    assert names(VisibleRows(tree), tree) == ["/data", "  big", "  mid", "  small"]


def test_expanding_shows_children_below_and_collapsing_hides_them() -> None:
    tree = FakeTree(TREE)
    rows = VisibleRows(tree)
    assert rows.expand(tree.at("big"))
    assert names(rows, tree) == ["/data", "  big", "    deep", "    y", "  mid", "  small"]
    assert not rows.expand(tree.at("small")), "a file has nothing to show"
    assert rows.collapse(tree.at("big"))
    assert len(rows) == 4


def test_the_cursor_follows_the_biggest_entry_until_somebody_moves() -> None:
    tree = FakeTree(TREE)
    rows = VisibleRows(tree)
    assert rows.cursor == tree.at("big")
    tree.grow(tree.at("mid"), 10_000)
    assert rows.sync()
    assert rows.cursor == tree.at("mid")
    rows.move(1)
    assert rows.cursor == tree.at("big")
    tree.grow(tree.at("small"), 100_000)
    rows.sync()
    assert rows.cursor == tree.at("big"), "it stays on the entry, whatever row that is"
    assert rows.cursor_row == 3


def test_nothing_is_sorted_again_when_nothing_changed() -> None:
    tree = FakeTree(TREE)
    rows = VisibleRows(tree)
    tree.asked.clear()
    assert not rows.sync()
    assert tree.asked == []
    tree.grow(tree.at("mid/z"), 1)
    rows.sync()
    assert [directory for directory, _ in tree.asked] == [ROOT], "mid is not open"


def test_a_huge_directory_is_fetched_by_page() -> None:
    tree = FakeTree({"many": {f"{number:05}": 5 for number in range(2_500)}})
    rows = VisibleRows(tree)
    many = tree.at("many")
    rows.expand(many)
    assert (many, 1000) in tree.asked
    assert len(rows) == 2 + 1000 + 1
    assert rows.ids[-1] == more_row(many)
    assert rows.hidden_below(many) == 1_500
    rows.move_to(len(rows) - 1)
    rows.load_more(rows.cursor_row)
    assert rows.hidden_below(many) == 500
    assert tree.name(rows.cursor) == b"01000", "the cursor is on the first of the new ones"


def test_entering_a_directory_and_leaving_it_comes_back_to_it() -> None:
    tree = FakeTree(TREE)
    rows = VisibleRows(tree)
    assert rows.enter(tree.at("mid"))
    assert names(rows, tree) == ["mid", "  z"]
    assert rows.cursor == tree.at("mid/z")
    assert rows.leave()
    assert rows.cursor == tree.at("mid")
    assert not rows.leave(), "the scan began here"


def test_sorting_and_measuring_keep_the_cursor_on_its_entry() -> None:
    tree = FakeTree(TREE)
    rows = VisibleRows(tree)
    rows.move_to(3)
    rows.set_order(Sort.NAME, Measure.APPARENT)
    assert names(rows, tree) == ["/data", "  big", "  mid", "  small"]
    tree.add(ROOT, "aaa", 1)
    rows.sync()
    assert rows.cursor == tree.at("small")


def test_a_filter_keeps_what_fits_and_the_way_to_it() -> None:
    tree = FakeTree(TREE)
    rows = VisibleRows(tree)
    rows.expand(tree.at("big"))
    rows.set_filter("DEE")
    assert names(rows, tree) == ["/data", "  big", "    deep"]
    assert rows.hidden_by_filter(tree.at("big")) == 1
    rows.set_filter("big")
    assert names(rows, tree) == ["/data", "  big", "    deep", "    y"], "what is in a match is shown"
    rows.set_filter("")
    assert len(rows) == 6


def test_when_an_entry_goes_the_next_one_takes_its_row() -> None:
    tree = FakeTree(TREE)
    rows = VisibleRows(tree)
    rows.move_to(2)
    tree.remove(tree.at("mid"))
    rows.sync()
    assert rows.cursor_row == 2
    assert rows.cursor == tree.at("small")


def test_when_the_directory_in_view_goes_the_one_above_is_shown() -> None:
    tree = FakeTree(TREE)
    rows = VisibleRows(tree)
    rows.enter(tree.at("big"))
    tree.remove(tree.at("big"))
    rows.sync()
    assert names(rows, tree) == ["/data", "  mid", "  small"]


def test_revealing_opens_everything_above_and_reaches_beyond_the_page() -> None:
    tree = FakeTree({"a": {"b": {f"{number:05}": 5 for number in range(30)}}, "c": 3})
    rows = VisibleRows(tree, page=10)
    wanted = tree.at("a/b/00025")
    rows.enter(tree.at("a"))
    rows.reveal(wanted)
    assert rows.cursor == wanted
    assert rows.root == tree.at("a"), "the view stays where the entry can be shown in it"
    rows.enter(tree.at("a/b"))
    rows.reveal(tree.at("c"))
    assert rows.root == ROOT


def test_a_tree_deeper_than_the_recursion_limit_can_be_opened_to_the_end() -> None:
    tree = FakeTree({})
    index = ROOT
    for _ in range(1_500):
        index = tree.add(index, "d", {})
    rows = VisibleRows(tree)
    rows.reveal(index)
    assert len(rows) == 1_501
    assert rows.depths[-1] == 1_500


def wide_rows(count: int, page: int = 10) -> tuple[FakeTree, VisibleRows]:
    spec: Spec = {f"file-{number:05}.bin": 10_000 - number for number in range(count)}
    tree = FakeTree(spec)
    return tree, VisibleRows(tree, page=page)


def test_a_filter_also_finds_what_is_beyond_the_page() -> None:
    tree, rows = wide_rows(300)
    rows.set_filter("file-0027")
    found = [tree.name(index) for index in rows.ids if index > 0]
    assert found == [b"file-%05d.bin" % number for number in range(270, 280)]
    asked = len(tree.asked)
    rows.set_filter("file-00275")
    assert [tree.name(index) for index in rows.ids if index > 0] == [b"file-00275.bin"]
    assert len(tree.asked) == asked, "a longer text narrows what was found"
    rows.set_filter("")
    assert len(rows) == 12


def test_what_a_filter_does_not_look_at_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dusk.tui.rows.SEARCHED", 50)
    _, rows = wide_rows(300)
    rows.set_filter("file-00299")
    assert [index for index in rows.ids if index > 0] == []
    assert rows.ids[-1] < 0 and rows.hidden_below(0) == 240
    rows.load_more(len(rows) - 1)
    assert rows.hidden_below(0) == 230
