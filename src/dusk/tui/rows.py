"""The rows that a tree list shows: a flat array of entries, by index and never by position.

Only directories that are expanded are in it, each with its first page of children, so a directory of a
million files costs as much as one of a thousand.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from dusk.fs.identity import EntryKind
from dusk.fs.names import display_name
from dusk.scan.entry import Measure, Sort
from dusk.scan.tree import ROOT, SizeTree
from dusk.tui.row_search import SEARCHED, RowSearch

PAGE = 1000
"""Children shown of one directory before someone asks for more."""


@dataclass(frozen=True, slots=True)
class Page:
    """The children of one directory that are shown, at one revision of it."""

    revision: int
    """Revision of the directory that the order belongs to."""
    shown: tuple[int, ...]
    """Children in order."""
    hidden: int
    """How many more there are."""
    shown_size: int
    """Bytes of the children shown, in the measure of the rows."""


def more_row(directory: int) -> int:
    """Return the number that stands for the children of a directory that are not shown."""
    return -directory - 1


def directory_of_more(row: int) -> int:
    """Return the directory that a "more" row belongs to."""
    return -row - 1


class VisibleRows:
    """Which entries are shown, in which order, and where the cursor is."""

    def __init__(
        self, tree: SizeTree, sort: Sort = Sort.SIZE, measure: Measure = Measure.DISK, page: int = PAGE
    ) -> None:
        """Show the root of a tree, expanded."""
        self._tree = tree
        self._page_size = page
        self._limits: dict[int, int] = {}
        self._pages: dict[int, Page] = {}
        self._search = RowSearch()
        self.sort = sort
        self.measure = measure
        self.root = ROOT
        self.expanded = {ROOT}
        self.ids = array("q")
        self.depths = array("L")
        self.cursor = ROOT
        self.cursor_row = 0
        self.following = True
        """Whether the cursor stays on the biggest entry; ends with the first key."""
        self.filter = ""
        self.rebuild()

    def __len__(self) -> int:
        """Return how many rows there are; at least one."""
        return len(self.ids)

    # -- what is shown

    def rebuild(self) -> None:
        """Lay all rows out anew; pages whose directory did not change are not sorted again."""
        while self.root != ROOT and self._tree.is_removed(self.root):
            self.root = self._tree.parent(self.root)
        ids, depths = self._flatten(self.root, 0)
        if self.filter:
            ids, depths = self._filtered(ids, depths)
        self.ids, self.depths = ids, depths
        self._place_cursor()

    def sync(self) -> bool:
        """Bring the rows up to date with the tree; return whether any row is another one now."""
        before = self.ids
        self.rebuild()
        return before != self.ids

    def set_order(self, sort: Sort, measure: Measure) -> None:
        """Sort all directories in another way; the cursor stays on its entry."""
        self.sort, self.measure = sort, measure
        self._pages.clear()
        self.rebuild()

    def set_filter(self, text: str) -> None:
        """Show only entries whose name holds the text, and the directories that lead to them."""
        self.filter = display_name(text).casefold()
        if not self.filter:
            self._search.clear()
        self.rebuild()

    def hidden_by_filter(self, index: int) -> int:
        """Return how many children of a directory the filter hides right now."""
        if not self.filter or index < 0 or index not in self.expanded:
            return 0
        visible = set(self.ids)
        return self._tree.child_count(index) - sum(child in visible for child in self._shown(index)[0])

    def row_of(self, index: int) -> int | None:
        """Return the row that shows an entry, None where none does."""
        try:
            return self.ids.index(index)
        except ValueError:
            return None

    def hidden_below(self, directory: int) -> int:
        """Return how many children are beyond the page of a directory; of a filter, those not looked at."""
        return self._shown(directory)[1]

    def shown_size(self, directory: int) -> int:
        """Return the bytes of the children on a directory's page, where there are more than those."""
        return self._page(directory).shown_size

    # -- the cursor

    def move_to(self, row: int) -> None:
        """Put the cursor on a row, or on the nearest one there is."""
        self.following = False
        self.cursor_row = min(max(row, 0), len(self.ids) - 1)
        self.cursor = self.ids[self.cursor_row]

    def move(self, rows: int) -> None:
        """Move the cursor up or down."""
        self.move_to(self.cursor_row + rows)

    def parent_row(self) -> int | None:
        """Return the row of the directory that holds the entry under the cursor."""
        depth = self.depths[self.cursor_row]
        for row in range(self.cursor_row - 1, -1, -1):
            if self.depths[row] < depth:
                return row
        return None

    # -- expanding and collapsing

    def expand(self, index: int) -> bool:
        """Show the children of a directory; return whether that changed anything."""
        if index < 0 or index in self.expanded or self._tree.kind(index) is not EntryKind.DIRECTORY:
            return False
        self.following = False
        self.expanded.add(index)
        self.rebuild()
        return True

    def collapse(self, index: int) -> bool:
        """Hide the children of a directory; the view's root stays open."""
        if index not in self.expanded or index == self.root:
            return False
        self.following = False
        self.expanded.discard(index)
        self.rebuild()
        return True

    def load_more(self, row: int) -> None:
        """Show the next page of a directory, in place of its "more" row."""
        directory = directory_of_more(self.ids[row])
        self._limits[directory] = self._limit(directory) + self._page_size
        self._pages.pop(directory, None)
        self.following = False
        before = self.cursor == self.ids[row]
        self.rebuild()
        if before:
            self.move_to(row)

    def enter(self, index: int) -> bool:
        """Make a directory the root of the view, with the cursor on its first child."""
        if index < 0 or index == self.root or self._tree.kind(index) is not EntryKind.DIRECTORY:
            return False
        self.following = False
        self.root = index
        self.expanded.add(index)
        self.filter = ""
        self.rebuild()
        self.move_to(1)
        return True

    def leave(self) -> bool:
        """Make the holding directory the root of the view, with the cursor on the one left."""
        if self.root == ROOT:
            return False
        left = self.root
        self.following = False
        self.root = self._tree.parent(left)
        self.expanded.add(self.root)
        self.filter = ""
        self.cursor = left
        self._reach(left)
        self.rebuild()
        return True

    def reveal(self, index: int) -> None:
        """Put the cursor on an entry, opening what hides it."""
        self.following = False
        self.filter = ""
        parents = self._parents(index)
        if self.root not in parents:
            self.root = ROOT
        for parent in parents:
            self.expanded.add(parent)
        for entry in (index, *parents):
            self._reach(entry)
        self.cursor = index
        self.rebuild()

    def _flatten(self, top: int, depth: int) -> tuple[array[int], array[int]]:
        ids, depths = array("q"), array("L")
        waiting: list[tuple[int, int]] = [(top, depth)]
        while waiting:
            index, depth = waiting.pop()
            ids.append(index)
            depths.append(depth)
            if index < 0 or index not in self.expanded:
                continue
            shown, hidden = self._shown(index)
            if hidden:
                waiting.append((more_row(index), depth + 1))
            waiting.extend((child, depth + 1) for child in reversed(shown))
        return ids, depths

    def _filtered(self, ids: array[int], depths: array[int]) -> tuple[array[int], array[int]]:
        keep = bytearray(len(ids))
        keep[0] = 1
        above: list[int] = []  # rows of the directories that hold the current one
        matched_depth = -1  # everything deeper lies in a directory that matched
        for row, (index, depth) in enumerate(zip(ids, depths, strict=True)):
            del above[depth:]
            above.append(row)
            if row == 0:
                continue
            if depth <= matched_depth:
                matched_depth = -1
            if matched_depth < 0 and index >= 0 and self._matches(index):
                matched_depth = depth
            # What stands for names not looked at stays: one of them can be what is wanted.
            if matched_depth >= 0 or index < 0:
                for position in above:
                    keep[position] = 1
        rows = [row for row in range(len(ids)) if keep[row]]
        return array("q", (ids[row] for row in rows)), array("L", (depths[row] for row in rows))

    def _matches(self, index: int) -> bool:
        return self.filter in display_name(self._tree.name(index)).casefold()

    def _page(self, directory: int) -> Page:
        revision = self._tree.revision(directory)
        page = self._pages.get(directory)
        if page is None or page.revision != revision:
            shown: Sequence[int] = self._tree.children(
                directory, self.sort, self.measure, 0, self._limit(directory)
            )
            hidden = max(0, self._tree.child_count(directory) - len(shown))
            size = self._tree.apparent_size if self.measure is Measure.APPARENT else self._tree.disk_size
            total = sum(size(child) for child in shown) if hidden else 0
            page = self._pages[directory] = Page(revision, tuple(shown), hidden, total)
        return page

    def _shown(self, directory: int) -> tuple[tuple[int, ...], int]:
        """Return the children to lay out and how many more there are; a filter also finds those beyond."""
        page = self._page(directory)
        if not self.filter or not page.hidden:
            return page.shown, page.hidden
        beyond = self._search.beyond(
            directory,
            page,
            page.hidden,
            self.filter,
            following=lambda: self._tree.children(
                directory, self.sort, self.measure, len(page.shown), SEARCHED
            ),
            fits=lambda child: child in self.expanded or self._matches(child),
        )
        return (*page.shown, *beyond.found), beyond.unsearched

    def _limit(self, directory: int) -> int:
        return self._limits.get(directory, self._page_size)

    def _reach(self, index: int) -> None:
        """Make the page of the holding directory long enough to show an entry."""
        parent = self._tree.parent(index)
        if parent < 0 or index in self._page(parent).shown:
            return
        everything = self._tree.children(parent, self.sort, self.measure)
        if index in everything:
            pages = everything.index(index) // self._page_size + 1
            self._limits[parent] = pages * self._page_size
            self._pages.pop(parent, None)

    def _parents(self, index: int) -> list[int]:
        parents = []
        while (index := self._tree.parent(index)) >= 0:
            parents.append(index)
        return parents

    def _place_cursor(self) -> None:
        """Find the cursor's entry again; where it is not shown any more, the nearest thing that is."""
        if self.following:
            self.cursor = self.ids[min(1, len(self.ids) - 1)]
        row = self.row_of(self.cursor)
        index = self.cursor if self.cursor >= 0 else directory_of_more(self.cursor)
        if row is None and not self._tree.is_removed(index):
            while row is None and index >= 0:
                row = self.row_of(index)
                index = self._tree.parent(index)
        if row is None:
            row = min(self.cursor_row, len(self.ids) - 1)
        self.cursor_row = row
        self.cursor = self.ids[row]
