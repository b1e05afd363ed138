"""Commands that look: moving, opening, sorting, filtering."""

from __future__ import annotations

from dusk.fs.names import display_name, display_path, shell_word
from dusk.fs.units import count_noun
from dusk.scan.entry import Measure, Sort
from dusk.tui.rows import directory_of_more
from dusk.tui.screens.tree_screen import PANEL_FROM_WIDTH, TreeScreen


class Browsing(TreeScreen):
    """What a person does to see."""

    # -- moving

    def do_down(self) -> None:
        """Go one down, in the list or in the panel."""
        self._move(1)

    def do_up(self) -> None:
        """Go one up."""
        self._move(-1)

    def do_page_down(self) -> None:
        """Go one page down."""
        self._move(self.list.page_rows())

    def do_page_up(self) -> None:
        """Go one page up."""
        self._move(-self.list.page_rows())

    def do_first(self) -> None:
        """Go to the first row."""
        self._move(-len(self.list.rows))

    def do_last(self) -> None:
        """Go to the last row."""
        self._move(len(self.list.rows))

    def do_expand(self) -> None:
        """Open a directory; an open one leads to its first entry. In the panel, go to the next family."""
        if self.is_in_panel:
            self.panel.move_family(1)
            return
        rows = self.list.rows
        self.list.touched()
        if rows.cursor < 0:
            self.do_enter()
        elif rows.cursor in rows.expanded:
            following = rows.cursor_row + 1
            if following < len(rows) and rows.depths[following] > rows.depths[rows.cursor_row]:
                self.list.move(1)
        elif rows.expand(rows.cursor):
            self.list.show_changes()

    def do_collapse(self) -> None:
        """Close a directory; a closed one leads to the one above. In the panel, go to the family before."""
        if self.is_in_panel:
            self.panel.move_family(-1)
            return
        rows = self.list.rows
        self.list.touched()
        if rows.cursor >= 0 and rows.collapse(rows.cursor):
            self.list.show_changes()
        elif (above := rows.parent_row()) is not None:
            self.list.move_to(above)
        else:
            self.do_leave()

    def do_enter(self) -> None:
        """Look at a directory alone, or show more of one; in the panel, go to the finding selected."""
        rows = self.list.rows
        if self.is_in_panel:
            self.panel.choose()
            return
        self.list.touched()
        if rows.cursor < 0:
            rows.load_more(rows.cursor_row)
            self.list.show_changes()
        elif rows.enter(rows.cursor):
            self.list.show_changes(keep_line=False)
            self.show_all()
        elif rows.cursor != rows.root and not self.has_panel:
            self.do_info()

    def do_leave(self) -> None:
        """Look at the directory above."""
        self.list.touched()
        if self.list.rows.leave():
            self.list.show_changes(keep_line=False)
            self.show_all()
        else:
            self.say("The scan began here. Open dusk on the directory above to see it.", "muted")

    def do_next_finding(self) -> None:
        """Go to the next finding, best first."""
        self._go_to_finding(1)

    def do_previous_finding(self) -> None:
        """Go to the finding before."""
        self._go_to_finding(-1)

    # -- the view

    def do_sort(self) -> None:
        """Ask for an order."""
        from dusk.tui.screens.which_key import SortMenu

        self.app.push_screen(SortMenu(self.session.sort, glyphs=self.session.glyphs), self._sorted)

    def do_measure(self) -> None:
        """Switch between disk size and apparent size."""
        measure = self.session.switch_measure()
        self._reorder()
        word = "apparent size: what files pretend to hold" if measure is Measure.APPARENT else "disk size"
        self.say(f"Showing {word}.")

    def do_share(self) -> None:
        """Switch between the share of the view's root and of the directory above."""
        self.list.share_of_parent = not self.list.share_of_parent
        self.list.redraw_changed()
        whole = "the directory above" if self.list.share_of_parent else "the directory in view"
        self.say(f"Percentages are of {whole}.")

    def do_filter(self) -> None:
        """Ask for a part of a name."""
        self.status.display = False
        self.filter_bar.display = True
        self.set_focus(self.filter_bar.input)

    def do_back(self) -> None:
        """Leave the filter, or the panel."""
        if self.filter_bar.display or self.list.rows.filter:
            self.close_filter(keep=False)
        elif self.is_in_panel:
            self.leave_panel()

    def do_panel(self) -> None:
        """Go to the findings at the side, and back."""
        if self.is_in_panel:
            self.leave_panel()
        else:
            self.enter_panel()

    def do_panel_down(self) -> None:
        """Scroll the text at the side down."""
        self.panel.scroll_text(1)

    def do_panel_up(self) -> None:
        """Scroll the text at the side up."""
        self.panel.scroll_text(-1)

    def do_info(self) -> None:
        """Show or hide what is known; where there is no room beside the list, over it."""
        if self.app.size.width >= PANEL_FROM_WIDTH:
            self.wants_panel = not self.wants_panel
            self.leave_panel()
            self.show_all()
        elif self.list.cursor >= 0:
            self.do_explain()

    def do_explain(self) -> None:
        """Show all that is known over the whole screen."""
        from dusk.tui.screens.finding_overlay import FindingOverlay

        finding = self.finding_in_hand
        index: int | None = self.list.cursor
        if finding is not None and self.is_in_panel:
            index = self.session.place_of(finding)
        if index is not None and index >= 0:
            self.app.push_screen(FindingOverlay(self.session, index, finding))

    def do_copy_path(self) -> None:
        """Copy the path through the terminal, which also works over ssh."""
        path = self.session.tree.path(self._entry_under_cursor())
        self.app.copy_to_clipboard(shell_word(path))
        self.say(f"Copied: {display_path(path)}")

    def do_rescan(self) -> None:
        """Look at the directory on the disk again."""
        path = self.session.rescan(self._entry_under_cursor())
        self.say(f"Looking again at {display_path(path)}")

    def do_suspend(self) -> None:
        """Go back to the shell, as every job of a terminal can."""
        self.app.action_suspend_process()

    # -- the filter

    def apply_filter(self, text: str) -> None:
        """Show only names that hold a text."""
        self.list.touched()
        self.list.rows.set_filter(text)
        self.list.show_changes(keep_line=False)

    def close_filter(self, *, keep: bool) -> None:
        """Put the status line back; the filter stays when a person wants that."""
        self.filter_bar.display = False
        self.status.display = True
        self.set_focus(self.list)
        if keep and self.list.rows.filter:
            shown = count_noun(len(self.list.rows) - 1, "row")
            self.say(f"Filter: {display_name(self.list.rows.filter)}, {shown}; esc shows all.")
            return
        self.filter_bar.input.value = ""
        self.apply_filter("")

    # -- inside

    def _move(self, rows: int) -> None:
        if self.is_in_panel:
            self.panel.move(rows)
        else:
            self.list.move(rows)

    def _sorted(self, sort: Sort | None) -> None:
        if sort is not None:
            self.session.sort = sort
            self._reorder()
            self.say(f"Sorted by {sort.value}.")

    def _reorder(self) -> None:
        self.list.touched()
        self.list.rows.set_order(self.session.sort, self.session.measure)
        self.list.show_changes(keep_line=False)
        self.show_all()

    def _entry_under_cursor(self) -> int:
        cursor = self.list.cursor
        return cursor if cursor >= 0 else directory_of_more(cursor)

    def _go_to_finding(self, step: int) -> None:
        found = (self.session.place_of(finding) for finding in self.session.offered())
        places = [place for place in found if place is not None]
        if not places:
            self.say("No finding yet." if not self.session.judge.finished else "No rule knows anything here.")
            return
        current = self.list.cursor
        position = places.index(current) + step if current in places else (0 if step > 0 else -1)
        self.list.reveal(places[position % len(places)])
