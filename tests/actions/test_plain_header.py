"""Headers made by hand are byte for byte those of the standard library."""

from __future__ import annotations

import io
import os
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dusk.actions.pack_entry import PackEntry

names = st.one_of(
    st.text(st.characters(min_codepoint=1, max_codepoint=126), min_size=1, max_size=130).map(str.encode),
    st.binary(min_size=1, max_size=130),
).filter(lambda name: b"\0" not in name)


@st.composite
def entries(draw):
    kind = draw(st.sampled_from(["file", "directory", "symlink", "hardlink", "fifo"]))
    return PackEntry(
        path=draw(names),
        kind=kind,
        mode=draw(st.integers(0, 0o7777)),
        owner=draw(st.sampled_from([0, 1, 1000, 65534, 8**7 - 1, 8**7, 2**32 - 2])),
        group=draw(st.sampled_from([0, 4, 1000, 8**7])),
        mtime_ns=draw(st.integers(-(10**18), 10**20)),
        size=draw(st.integers(0, 2**40)) if kind == "file" else 0,
        target=draw(names) if kind in ("symlink", "hardlink") else b"",
    )


@given(entries())
def test_the_same_bytes(entry):
    assert entry.header() == entry._full_header()


@pytest.mark.parametrize("length", [1, 80, 85, 86, 87, 99, 100, 101, 120, 988, 989, 990, 991, 992, 993, 4095])
def test_a_length_that_counts_itself(length):
    entry = PackEntry(b"d/" + b"n" * (length - 1), "file", 0o644, 0, 0, 1_700_000_000_000_000_007)
    assert entry.header() == entry._full_header()


def test_the_standard_reader_reads_it():
    entry = PackEntry(b"a/" * 70 + b"name", "file", 0o640, 1000, 1000, 1_700_000_000_123_456_789, size=3)
    header, padding = entry.header()
    archive = io.BytesIO(header + b"abc" + bytes(padding) + bytes(1024))
    with tarfile.open(fileobj=archive) as tar:
        (info,) = tar.getmembers()
        assert PackEntry.of(info) == entry
        assert tar.extractfile(info).read() == b"abc"
    assert os.path.basename(info.name) == "name"
