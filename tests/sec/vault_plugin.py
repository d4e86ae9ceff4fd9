"""A data source that opens with a password, an address that holds a token, and a key for each door; it can fail in several ways."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator

from upshot.contracts.components import Component
from upshot.contracts.params import Secret, SecretText, SourceParams
from upshot.errors import DataError, Problem
from upshot.hookspecs import hookimpl

if TYPE_CHECKING:
    import pyarrow as pa


class VaultParams(SourceParams):
    """Rows behind a password."""

    password: Secret = Field(description="Opens the vault.")
    address: SecretText = Field(description="Where it is.")
    doors: dict[str, Secret] = Field(default_factory=dict, description="Keys by door.")
    digest: str | None = Field(None, description="SHA-256 that password, address and keys must have together.")
    fails: str = Field("", description="How reading fails.")

    @field_validator("password")
    @classmethod
    def _is_not_refused(cls, value: str) -> str:
        if value.startswith("refused"):
            raise ValueError(f"{value} is refused")
        return value


class Vault:
    """Gives three events of ten users."""

    def __init__(self, params: VaultParams) -> None:
        self.params = params
        self.table = params.table
        self.roles = params.roles.roles()
        self.tables = params.tables

    def read(self) -> Iterator[pa.Table]:
        """One table, when everything that was handed over is right."""
        import pyarrow as pa

        params = self.params
        handed = "|".join((params.password, params.address, *params.doors.values()))
        if params.digest not in (None, hashlib.sha256(handed.encode()).hexdigest()):
            raise AssertionError("the source was not given the values of its secrets")
        self._fail(handed)
        start = datetime(2026, 3, 1, tzinfo=UTC).replace(tzinfo=None)
        rows: list[dict[str, Any]] = [
            {"user_id": f"u{user}", "at": start + timedelta(days=day), "item_id": f"i{(user + day) % 4}", "price": 2.0}
            for user in range(10)
            for day in range(4)
        ]
        yield pa.Table.from_pylist(rows)

    def _fail(self, handed: str) -> None:
        if self.params.fails == "refused":
            raise DataError(f"no entry with {handed}", [Problem(f"vault {handed}", f"refuses {handed!r}", handed, handed, handed)])
        if self.params.fails == "bug":
            try:
                raise KeyError(handed)
            except KeyError as error:
                error.add_note(handed)
                raise ConnectionError(f"tried {handed!r}") from error
        if self.params.fails == "system":
            raise FileNotFoundError(2, "No such vault", f"/{handed}")


@hookimpl
def register_components() -> list[Component]:
    """The source `vault`."""
    return [Component("data", "vault", "upshot_vault:VaultParams", "upshot_vault:Vault", "Rows behind a password.")]
