"""``dusk suggest``: what could go, what losing it would cost and what it frees."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from dusk.cli.exit_codes import ExitCode
from dusk.cli.parser import add_cross, add_measure, add_threads
from dusk.cli.values import size

if TYPE_CHECKING:
    from dusk.rules.finding import Finding
    from dusk.scan.entry import Measure


def configure(subparsers: Any) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "suggest",
        help="list what could go, what losing it costs and what it frees",
        description="Walk a directory, judge what is in it and list what could go. Changes nothing.",
    )
    parser.add_argument("path", nargs="?", default=".", metavar="PATH", help="directory (default: .)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON array and nothing else")
    form.add_argument("--ndjson", action="store_true", help="print each finding as a line of JSON")
    parser.add_argument(
        "--min-size",
        type=size,
        default=0,
        metavar="SIZE",
        help="leave out what is smaller, such as 500M (default: 0)",
    )
    add_measure(parser)
    add_cross(parser)
    add_threads(parser)


def run(arguments: Namespace) -> int:
    """Scan, judge and print."""
    from dusk.cli.measures import measure_for
    from dusk.cli.output import print_error, print_json, print_json_line, print_text
    from dusk.cli.paths import typed_path
    from dusk.cli.scanning import load_rules, run_judge
    from dusk.fs.units import count_noun
    from dusk.report.finding_document import finding_document
    from dusk.report.findings import findings_table
    from dusk.scan.tree import ROOT
    from dusk.settings import load_settings

    settings = load_settings()
    judge = run_judge(
        typed_path(arguments.path),
        load_rules(),
        settings,
        cross=arguments.cross,
        threads=arguments.threads,
    )
    measure = measure_for(judge.scan.tree.path(ROOT), arguments.measure)
    findings = [one for one in judge.findings() if one.is_keep or _size(one, measure) >= arguments.min_size]
    suggested = [one for one in findings if not one.is_keep]
    if arguments.json:
        print_json([finding_document(one, measure) for one in suggested])
    elif arguments.ndjson:
        for one in suggested:
            print_json_line(finding_document(one, measure))
    else:
        print_text(findings_table(findings, measure))
    errors = judge.scan.progress().errors
    if errors:
        print_error(f"{count_noun(errors, 'entry', 'entries')} could not be read and were not judged.")
    return ExitCode.DONE


def _size(finding: Finding, measure: Measure) -> int:
    from dusk.report.layout import sized

    offer = finding.default_offer or finding
    return sized(offer.apparent_size, offer.disk_size, measure)
