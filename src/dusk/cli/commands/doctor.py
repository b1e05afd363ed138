"""``dusk doctor``: what works here, what does not, and why."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from dusk.cli.exit_codes import ExitCode
from dusk.cli.parser import add_json


def configure(subparsers: Any) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "doctor",
        help="check scanner, terminal, mounts, journal, rules and themes",
        description="Check what dusk needs and say what does not work here, and why. Changes nothing.",
    )
    add_json(parser)
