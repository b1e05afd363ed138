"""Option values with their own syntax; argparse turns a ValueError's text into a usage error."""

from __future__ import annotations

import argparse

from dusk.fs.units import parse_age, parse_size


def size(text: str) -> int:
    """Return the bytes that ``500M`` means."""
    try:
        return parse_size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def age(text: str) -> float:
    """Return the seconds that ``7d`` means."""
    try:
        return parse_age(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def count(text: str) -> int:
    """Return a count, zero or more."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"not a count: {text!r}")
    return int(text)


def positive(text: str) -> int:
    """Return a count, one or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"not a count of one or more: {text!r}")
    return int(text)


def batch_number(text: str) -> int:
    """Return a batch's number, as ``dusk journal`` shows it."""
    try:
        number = int(text.removeprefix("#"))
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"not a batch number: {text!r} (dusk journal shows them)")
    return number
