"""Which names are hits: the same in the native core, in the reference scanner and by the definition."""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dusk.scan.scanner import ScanOptions, Triggers

from .conftest import generated

LONGEST = 255
# Few letters, so that beginnings and ends meet; capitals and bytes that are no UTF-8 count as what they are.
LETTERS = b"ab.A_-~\xc3\xa4\xff\x01"


def some_names(count: int) -> list[bytes]:
    """Return names of all lengths, most of them short, each once."""
    chance = random.Random(7)
    names = {bytes([letter]) for letter in LETTERS}
    while len(names) < count:
        length = chance.choice((2, 3, 4, 5, 6, 8, 12, LONGEST - 1, LONGEST))
        names.add(bytes(chance.choice(LETTERS) for _ in range(length)))
    return sorted(names - {b".", b".."})


NAMES = some_names(400)
texts = st.binary(min_size=1, max_size=6) | st.text("ab.A_-~", min_size=1, max_size=5).map(os.fsencode)
own = st.integers(0, len(NAMES) - 1).map(lambda number: NAMES[number])
lengths = st.integers(1, 7) | st.just(LONGEST)
whole = own | own.map(bytes.swapcase) | st.builds(bytes.__add__, own, texts) | texts
beginnings = texts | st.builds(lambda name, length: name[:length], own, lengths)
ends = texts | st.builds(lambda name, length: name[-length:], own, lengths)
wanted = st.builds(
    Triggers,
    names=st.frozensets(whole, max_size=300),
    prefixes=st.lists(beginnings, max_size=5).map(tuple),
    suffixes=st.lists(ends, max_size=5).map(tuple),
)


@pytest.fixture
def named(root):
    """Make a directory with files of these names."""
    for name in NAMES:
        with open(os.path.join(root, name), "wb"):
            pass
    return root


@generated(150)
@given(triggers=wanted)
def test_hits_are_the_names_that_match(named, scan_of, triggers):
    scan = scan_of(named, ScanOptions(triggers=triggers))
    assert {scan.tree.name(hit) for hit in scan.hits} == {name for name in NAMES if triggers.match(name)}


@generated(50)
@given(triggers=wanted)
def test_names_that_were_stored_before_match_alike(named, scan_of, triggers):
    scan = scan_of(named, ScanOptions(awaits_report=True))
    scan.report(triggers)
    assert sorted(scan.tree.name(hit) for hit in scan.hits) == [
        name for name in NAMES if triggers.match(name)
    ]


@pytest.mark.parametrize("field", ["prefixes", "suffixes"])
def test_an_empty_text_matches_every_name(named, scan_of, field):
    scan = scan_of(named, ScanOptions(triggers=Triggers(**{field: (b"",)})))
    assert len(scan.hits) == len(NAMES)
