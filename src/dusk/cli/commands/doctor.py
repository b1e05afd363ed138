"""``dusk doctor``: what works here, what does not, and why."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from dusk.cli.exit_codes import ExitCode
from dusk.cli.parser import add_json

if TYPE_CHECKING:
    from dusk.cli.checks.check import Check


def configure(subparsers: Any) -> None:
    """Describe the command line."""
    parser = subparsers.add_parser(
        "doctor",
        help="check scanner, terminal, mounts, journal, rules and themes",
        description="Check what dusk needs and say what does not work here, and why. Changes nothing. "
        "Exits with 1 when there is a problem.",
    )
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Check and print."""
    from dusk.cli.checks.check import Health
    from dusk.cli.output import print_json

    checks = list(_all_checks())
    problems = sum(check.health is Health.PROBLEM for check in checks)
    if arguments.json:
        print_json(
            {
                "problems": problems,
                "checks": [
                    {"area": check.area, "name": check.name, "health": check.health.value, "text": check.text}
                    for check in checks
                ],
            }
        )
    else:
        _print(checks, problems)
    return ExitCode.REFUSED if problems else ExitCode.DONE


def _all_checks() -> Iterator[Check]:
    from dusk.cli.checks import configuration, program, screen, storage

    settings, found = configuration.check_settings()
    yield from _guarded("versions", program.check_versions)
    yield from _guarded("scanner", program.check_scanner)
    yield from _guarded("terminal", screen.check_terminal)
    yield from _guarded("mounts", storage.check_mounts)
    yield from _guarded("open files", storage.check_open_files)
    yield from _guarded("journal", configuration.check_journal)
    yield from found
    yield from _guarded("settings", configuration.check_bases)
    yield from _guarded("rules", lambda: configuration.check_rules(settings))
    yield from _guarded("themes", lambda: screen.check_themes(settings))


def _guarded(area: str, checks: Callable[[], Iterable[Check]]) -> list[Check]:
    """Return the checks of one area; one that breaks is itself a finding, and the others still run."""
    from dusk.cli.background import finish
    from dusk.cli.checks.check import problem
    from dusk.fs.names import display_name

    try:
        return finish(lambda: list(checks()))
    except Exception as error:
        return [problem(area, "check", f"broke: {display_name(f'{type(error).__name__}: {error}')}")]


def _print(checks: list[Check], problems: int) -> None:
    from dusk.cli.checks.check import Health
    from dusk.cli.output import print_text
    from dusk.fs.units import count_noun

    signs = {Health.OK: "ok", Health.NOTE: "note", Health.PROBLEM: "PROBLEM"}
    area = ""
    for check in checks:
        if check.area != area:
            area = check.area
            print_text(f"{area}")
        print_text(f"  {signs[check.health]:<7}  {check.name}: {check.text}")
    print_text()
    print_text(f"{count_noun(problems, 'problem')}." if problems else "No problems.")
