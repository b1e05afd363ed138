"""Sizes, counts and ages as text, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dusk.fs.units import (
    count_noun,
    format_age,
    format_count,
    format_short_count,
    format_size,
    parse_age,
    parse_size,
)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "0.98 KiB"),
        (1024, "1.00 KiB"),
        (10 * 1024, "10.0 KiB"),
        (10 * 1024 - 1, "10.0 KiB"),
        (999 * 1024, "999 KiB"),
        (1000 * 1024, "0.98 MiB"),
        (1536 << 20, "1.50 GiB"),
        (2**64, "16.0 EiB"),
        (-2048, "-2.00 KiB"),
    ],
)
def test_sizes(size, text):
    assert format_size(size) == text


@given(st.integers(min_value=0, max_value=2**69))
def test_sizes_fit_in_eight_cells(size):
    assert len(format_size(size)) <= 8
    unit = format_size(size).split()[1]
    assert abs(parse_size(format_size(size)) - size) <= size * 0.006 + 1
    assert unit.endswith("B")


@given(st.integers(min_value=0, max_value=10**12))
def test_short_counts_fit_in_six_cells(count):
    assert len(format_short_count(count)) <= 6


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("4096", 4096),
        ("9007199254740993", 9007199254740993),
        ("10M", 10 << 20),
        ("1.5 GiB", 3 << 29),
        (" 2kb ", 2048),
        ("7B", 7),
        ("1T", 1 << 40),
        ("0.1k", 102),
    ],
)
def test_sizes_are_read(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "M", "1.M", "-5", "5 i", "5ib", "1,000", "10X", "1 0", "1e3", "٣", "nan", "5KK"]
)
def test_what_is_no_size(text):
    with pytest.raises(ValueError, match="not a size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("5m", 300),
        ("15min", 900),
        ("12h", 43200),
        ("7d", 604800),
        ("2w", 1209600),
        ("1.5y", 47336400),
    ],
)
def test_ages_are_read(text, seconds):
    assert parse_age(text) == seconds


def test_months_are_not_minutes():
    assert parse_age("1mo") > parse_age("30d")


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "7 days", "1h30m"])
def test_what_is_no_age(text):
    with pytest.raises(ValueError, match="not an age"):
        parse_age(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "in the future"),
        (0, "0 s"),
        (89, "89 s"),
        (90, "2 min"),
        (5400, "2 h"),
        (172800, "2 d"),
        (6.4e7, "2.0 y"),
    ],
)
def test_ages(seconds, text):
    assert format_age(seconds) == text


def test_counts():
    assert format_count(1234567) == "1,234,567"
    assert count_noun(1, "file") == "1 file"
    assert count_noun(2000, "file") == "2,000 files"
    assert count_noun(0, "directory", "directories") == "0 directories"
