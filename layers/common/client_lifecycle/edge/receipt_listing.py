"""Receipts in answers, by pages."""

from __future__ import annotations

from client_lifecycle.domain.client import Client
from client_lifecycle.domain.receipts import Receipt
from client_lifecycle.edge.cursors import Listing
from client_lifecycle.edge.views.receipts import ReceiptView
from client_lifecycle.storage.receipt_pages import ReceiptCursor


def receipt_listing(client: Client, archive_id: str) -> Listing:
    """Return the changes of a receipt as a list with cursors, the same in whatever answer its first page stands."""
    return Listing(client.provider_id, "receipt", (client.client_id, archive_id))


def shown_receipt(client: Client, receipt: Receipt, rest: ReceiptCursor | None) -> ReceiptView:
    """Show a page of a receipt.

    Args:
        client: whose it is.
        receipt: the receipt with the changes of the page.
        rest: where it continues, ``None`` on the last page.
    """
    return ReceiptView.of(receipt, receipt_listing(client, receipt.archive_id).cursor(rest))
