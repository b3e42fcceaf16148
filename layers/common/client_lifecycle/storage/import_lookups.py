"""What is stored already of the clients that rows of an import are about, read together for many rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from client_lifecycle.domain import names
from client_lifecycle.domain.client import Client
from client_lifecycle.domain.imports.rows import ClientRow, RecordRow, Standing
from client_lifecycle.storage.attributes import Plain
from client_lifecycle.storage.clients import read_client, read_clients
from client_lifecycle.storage.external_ids import owner_of
from client_lifecycle.storage.keys import Key
from client_lifecycle.storage.providers import list_groups
from client_lifecycle.storage.skipping import read_each
from client_lifecycle.storage.tenant import Tenant

GROUPS_PER_PAGE = 1_000


class Lookups(Struct, frozen=True, kw_only=True):
    """What is known of the clients of some rows.

    ``claims`` are what says whose an external id or an address is, by partition and sort key; ``clients`` are those
    clients. ``group_ids`` are the groups' ids by id and by name, as names are compared.
    """

    tenant: Tenant
    source: str
    claims: Mapping[tuple[str, str], Plain]
    clients: Mapping[str, Client]
    group_ids: Mapping[str, str]

    def standing(self, row: ClientRow) -> Standing:
        """Return what a client's row is judged against.

        Raises:
            ClientNotFound: its external id is claimed for a client whom the provider does not have.
            UnreadableRecord: that client, or whose its external id or its address is, cannot be read.
        """
        known = self._owner(self.tenant.keys.external_id(self.source, row.external_id)) if row.external_id else None
        holder = self._owner(self.tenant.keys.email(row.email))
        group_id = self.group_ids.get(row.group or "") or self.group_ids.get(names.folded(row.group or ""))
        return Standing(
            known=(self.clients.get(known) or read_client(self.tenant, known)) if known else None,
            address_of=holder,
            holder=self.clients.get(holder or ""),
            group_ids={row.group: group_id} if row.group and group_id else {},
        )

    def client_id(self, row: RecordRow) -> str | None:
        """Return the client that a record's row is of, ``None`` if nobody has its external id.

        Raises:
            UnreadableRecord: whose it is cannot be read.
        """
        if row.client_id or not row.external_id:
            return row.client_id
        return self._owner(self.tenant.keys.external_id(self.source, row.external_id))

    def _owner(self, key: Key) -> str | None:
        claim = self.claims.get((key["pk"], key["sk"]))
        return owner_of(claim) if claim else None


def read_lookups(tenant: Tenant, source: str, rows: Sequence[ClientRow] | Sequence[RecordRow]) -> Lookups:
    """Read, strongly consistent, whose the external ids and addresses of some rows are, and those clients.

    Raises:
        StorageBusy: the table kept throttling.
    """
    wanted = {tuple(key.items()): key for row in rows for key in _keys_of(tenant, source, row)}
    found = tenant.table.get_many(list(wanted.values()))
    owners, _ = read_each(tenant.table, owner_of, found)
    has_clients = any(isinstance(row, ClientRow) for row in rows)
    clients, _ = read_clients(tenant, list(dict.fromkeys(owners))) if has_clients else ({}, [])
    has_groups = any(isinstance(row, ClientRow) and row.group for row in rows)
    return Lookups(
        tenant=tenant,
        source=source,
        claims={(plain["pk"], plain["sk"]): plain for plain in found},
        clients=clients,
        group_ids=_group_ids(tenant) if has_groups else {},
    )


def _keys_of(tenant: Tenant, source: str, row: ClientRow | RecordRow) -> list[Key]:
    own = [tenant.keys.external_id(source, row.external_id)] if row.external_id else []
    return [*own, tenant.keys.email(row.email)] if isinstance(row, ClientRow) else own


def _group_ids(tenant: Tenant) -> dict[str, str]:
    """Return the groups' ids by all that a row may call them; a name that two groups have is nobody's."""
    by_name: dict[str, list[str]] = {}
    ids: list[str] = []
    after: str | None = None
    while True:
        page = list_groups(tenant, limit=GROUPS_PER_PAGE, after=after)
        for group in page.groups:
            ids.append(group.group_id)
            by_name.setdefault(names.folded(group.name), []).append(group.group_id)
        after = page.next_after
        if after is None:
            break
    return {name: found[0] for name, found in by_name.items() if len(found) == 1} | {one: one for one in ids}
