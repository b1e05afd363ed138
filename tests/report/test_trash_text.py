from dusk.actions.trash_listing import TrashItem
from dusk.fs.identity import EntryKind, Identity
from dusk.report.trash import bin_text
from dusk.scan.entry import Measure

from .samples import HOSTILE, MIB, NOW, make_record


def make_item(**facts) -> TrashItem:
    base = {
        "trash": b"/data/.Trash-0",
        "name": b"a",
        "original": b"/data/a",
        "deleted": NOW - 7200,
        "identity": Identity(1, 2, EntryKind.FILE, 3, 4, 1),
        "apparent_size": 3 * MIB,
        "disk_size": 2 * MIB,
        "record": make_record(batch=3, title="Old checkpoint"),
    }
    return TrashItem(**(base | facts))


def test_an_empty_trash_says_so() -> None:
    assert bin_text([]) == "The trash is empty."


def test_items_are_listed_by_trash_with_sums() -> None:
    directory = Identity(1, 9, EntryKind.DIRECTORY, 0, 0, 2)
    items = [
        make_item(),
        make_item(original=b"/data/d", identity=directory, apparent_size=None, disk_size=None, record=None),
        make_item(trash=b"/home/.local/share/Trash", original=b""),
    ]
    text = bin_text(items, now=NOW)
    assert "/data/.Trash-0: 2 items, 2.00 MiB on disk and 1 directory not measured" in text
    assert "2.00 MiB  2 hours ago  batch 3       /data/a  (Old checkpoint)" in text
    assert "?  2 hours ago  another tool  /data/d/" in text
    assert "unknown; lies at /home/.local/share/Trash/files/a" in text
    assert "In all: 3 items, 4.00 MiB" in text
    assert "3.00 MiB" in bin_text(items, now=NOW, measure=Measure.APPARENT)


def test_hostile_names_break_no_line() -> None:
    text = bin_text([make_item(original=HOSTILE, trash=HOSTILE)], now=NOW)
    assert "\x1b" not in text
    assert len(text.splitlines()) == 5
