"""``dusk explain``: what a path is, and whether it may be deleted."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from dusk.cli.exit_codes import ExitCode, RefusalError
from dusk.cli.parser import add_json

_PATIENCE = 10.0  # seconds for a directory too big to be judged quickly


def configure(subparsers: Any) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "explain",
        help="say what a path is and whether it may be deleted",
        description="Say what a path is, why dusk thinks so, what deleting it costs and how it comes back.",
    )
    parser.add_argument("path", metavar="PATH", help="file or directory")
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Judge what lies around the path, and print the answer."""
    import os

    from dusk.cli.measures import measure_for
    from dusk.cli.output import print_error, print_json, print_text
    from dusk.cli.paths import path_to_explain
    from dusk.cli.progress_line import ProgressLine
    from dusk.cli.surroundings import Surroundings
    from dusk.fs.names import display_path
    from dusk.fs.protected import Protection
    from dusk.report.finding_document import explanation_document
    from dusk.report.findings import explanation_text
    from dusk.rules.explain import explain
    from dusk.scan.tree import ROOT
    from dusk.settings import load_settings

    settings = load_settings()
    path = path_to_explain(arguments.path)
    with ProgressLine() as line:
        known = Surroundings(settings, line, patience=_PATIENCE).judge_of(path)
    if known is None:
        raise RefusalError(f"{display_path(os.path.dirname(path))} cannot be read, so nothing can be said.")
    if not known.is_whole:
        print_error("there is so much around this path that only a part of it was looked at.")
    elif known.judge.scan.tree.path(ROOT) == path != os.path.dirname(path):
        print_error("there was no time to look at what lies around this path: it is judged by itself alone.")
    explanation = explain(path, known.judge)
    measure = measure_for(path)
    refusal = Protection.load(settings).reason(path)
    if arguments.json:
        print_json({**explanation_document(explanation, measure), "protected": refusal})
        return ExitCode.DONE
    print_text(explanation_text(explanation, measure))
    if refusal is not None:
        print_text(f"\ndusk never acts on it\n  It {refusal}.")
    return ExitCode.DONE
