"""The panel at the side: what the entry under the cursor is, and what may be done about it."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.strip import Strip

from dusk.rules.finding import Finding
from dusk.scan.tree import ROOT
from dusk.tui.finding_text import entry_lines, finding_lines, findings_lines, offer_lines
from dusk.tui.messages import FindingChosen
from dusk.tui.session import Session
from dusk.tui.spans import Line, justify
from dusk.tui.widgets.line_pane import LinePane

_MOST_FINDINGS = 500


class FindingPanel(Vertical):
    """The finding for the cursor, or the list of findings; offers stay at the bottom, always in sight."""

    def __init__(self, session: Session) -> None:
        """Show what is known about the root."""
        super().__init__(id="panel")
        self._session = session
        self.body = PanelBody(session)
        self.offers = PanelOffers(session)

    def compose(self) -> ComposeResult:
        """Stack text and offers."""
        yield self.body
        yield self.offers

    @property
    def finding(self) -> Finding | None:
        """The finding that the keys 1 to 9 are about."""
        return self.body.finding

    def show(self, index: int) -> None:
        """Show what is known about an entry."""
        if index != self.body.index:
            self.body.index = index
            self.body.scroll_to(y=0, animate=False, immediate=True, force=True)
        self.refresh_lines_of_all()

    def refresh_lines_of_all(self) -> None:
        """Bring text and offers up to date."""
        self.body.update_finding()
        self.offers.finding = self.body.finding
        self.offers.display = self.body.finding is not None and not self.body.listing
        self.offers.fit()
        self.offers.update_lines()
        self.body.update_lines()


class PanelBody(LinePane, can_focus=True):
    """The text of the finding, or the facts of the entry and the best findings."""

    def __init__(self, session: Session) -> None:
        """Show the root."""
        super().__init__(id="panel-body")
        self._session = session
        self.index = ROOT
        """The entry that is shown."""
        self.finding: Finding | None = None
        """What is known about it."""
        self.selected = 0
        """Which finding of the list is selected."""
        self._list_start = 0
        self._findings: tuple[Finding, ...] = ()

    @property
    def listing(self) -> bool:
        """Whether the list of findings is shown."""
        return self.finding is None or self.has_focus

    def update_finding(self) -> None:
        """Ask the judge again."""
        self.finding = self._session.finding_for(self.index)

    def compose_lines(self, width: int) -> Sequence[Line]:
        """Return the text for the entry."""
        if self.finding is not None and not self.listing:
            self._list_start = -1
            return finding_lines(self._session, self.finding, width)
        lines = [] if self.has_focus else [*entry_lines(self._session, self.index, width), ()]
        self._findings = tuple(finding for finding in self._session.findings() if not finding.is_keep)
        self._findings = self._findings[:_MOST_FINDINGS]
        self.selected = min(self.selected, max(0, len(self._findings) - 1))
        hint = "enter goes there" if self.has_focus else "tab"
        heading = [("BEST FINDINGS", "heading")]
        lines.append(justify(heading, [(hint, "muted")], width, self._session.glyphs.ellipsis))
        self._list_start = len(lines)
        if not self._findings:
            running = not self._session.judge.finished
            text = "None yet; they come while the scan runs." if running else "No rule knows anything here."
            return [*lines, ((text, "muted"),)]
        selected = self.selected if self.has_focus else -1
        return [*lines, *findings_lines(self._session, self._findings, width, selected)]

    def move(self, rows: int) -> None:
        """Select another finding."""
        self.selected = min(max(0, self.selected + rows), max(0, len(self._findings) - 1))
        self.update_lines()
        row, height = self._list_start + self.selected, max(1, self.size.height)
        top = self.scroll_offset.y
        if row < top or row >= top + height:
            self.scroll_to(y=max(0, row - height // 2), animate=False, immediate=True, force=True)

    def choose(self) -> None:
        """Go to the selected finding in the tree."""
        if self._findings:
            self._go_to(self._findings[self.selected])

    def on_focus(self) -> None:
        """Show the list, with the finding under the cursor selected."""
        if self.finding is not None and self.finding in self._session.findings():
            shown = [finding for finding in self._session.findings() if not finding.is_keep]
            self.selected = shown.index(self.finding) if self.finding in shown else 0
        self._refresh_panel()

    def on_blur(self) -> None:
        """Show the entry again."""
        self._refresh_panel()

    def on_click(self, event: events.Click) -> None:
        """Go to the finding that was clicked."""
        position = event.y + self.scroll_offset.y - self._list_start
        if self.listing and 0 <= position < len(self._findings):
            self._go_to(self._findings[position])

    def render_line(self, y: int) -> Strip:
        """Draw one line; the selected finding has the look of the cursor."""
        row = y + self.scroll_offset.y
        if self.has_focus and self._findings and row == self._list_start + self.selected:
            return self.strip_of(self.lines[row], self.size.width, self.cursor_look())
        return super().render_line(y)

    def _go_to(self, finding: Finding) -> None:
        index = next((entry for entry in finding.entries if entry >= 0), -1)
        if index >= 0:
            self.post_message(FindingChosen(index))

    def _refresh_panel(self) -> None:
        panel = self.parent
        if isinstance(panel, FindingPanel):
            panel.refresh_lines_of_all()


class PanelOffers(LinePane):
    """What may be done, with the three figures."""

    def __init__(self, session: Session) -> None:
        """Offer nothing yet."""
        super().__init__(id="panel-offers")
        self._session = session
        self.finding: Finding | None = None
        """The finding whose offers are shown."""

    def compose_lines(self, width: int) -> Sequence[Line]:
        """Return the offers."""
        return offer_lines(self._session, self.finding, width) if self.finding is not None else []

    def fit(self) -> None:
        """Take as many lines as the offers need, but never more than half of the panel."""
        panel = self.parent
        if self.finding is None or not isinstance(panel, FindingPanel):
            return
        width = max(1, panel.scrollable_content_region.width)
        wanted = len(offer_lines(self._session, self.finding, width))
        self.styles.height = min(wanted, max(1, panel.size.height // 2)) + 1
