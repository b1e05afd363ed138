"""Every report in plain text, for the command line and for terminals that can show no app."""

from __future__ import annotations

from dusk.report.diary import batch_line, batch_text, journal_text, time_ago
from dusk.report.findings import explanation_text, finding_text, findings_table
from dusk.report.review import plan_text
from dusk.report.summary import scan_text, tree_report
from dusk.report.trash import bin_text

__all__ = [
    "batch_line",
    "batch_text",
    "bin_text",
    "explanation_text",
    "finding_text",
    "findings_table",
    "journal_text",
    "plan_text",
    "scan_text",
    "time_ago",
    "tree_report",
]
