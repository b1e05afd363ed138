"""What acts have in common that put something else in the place of one file."""

from __future__ import annotations

import abc
from collections.abc import Sequence

from dusk.actions.act import Act, Admission, End, Returned, Tools, Work
from dusk.actions.record import Record
from dusk.actions.replaced import Rebuilding, retire_products, return_replaced
from dusk.actions.replacement import Made, Workshop, replace_source
from dusk.actions.settling import Settling, tools_of


class ReplacingAct(Act):
    """An act of which only the making of products, and of the source out of them, is its own."""

    @abc.abstractmethod
    def make(self, shop: Workshop) -> Made:
        """Make the products, proven. Raises Refused, Cancelled and OSError; then they are removed."""

    @abc.abstractmethod
    def make_again(self, rebuilding: Rebuilding) -> str:
        """Make the source again, proven; return what else to know. Raises OSError and Cancelled."""

    def run(self, items: Sequence[Admission], work: Work) -> Sequence[End]:
        """Replace one file."""
        (item,) = items
        return [replace_source(item, work, self.make, demands=self.demands)]

    def take_back(self, original: Record, record: Record, tools: Tools) -> Returned:
        """Put the file back, from the trash or made again, and move its products to the trash."""
        return return_replaced(original, record, tools, self.make_again)

    def settle_return(self, original: Record, record: Record, settling: Settling) -> str:
        """Move the products to the trash, which an interrupted undo did not come to."""
        return retire_products(original, record.batch, tools_of(settling))
