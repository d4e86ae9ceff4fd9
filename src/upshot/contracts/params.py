"""The base of every component's parameters: the only home of a parameter's type, bound, default and sentence.

Apart from the other contracts because it imports pydantic, which a repeat of an unchanged recipe does not need.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from upshot.contracts.records import Roles


class Params(BaseModel):
    """Parameters of a component: strict, frozen, closed.

    Example:
        >>> class TopKParams(Params):
        ...     k: int = Field(100, ge=1, description="Cases a day.")
        >>> TopKParams().k
        100
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, protected_namespaces=())


class FileMark:
    """Marks a parameter as a file, folder or glob that is read: a plan hashes it, and its path is held to the project's rules."""


InputPath = Annotated[str, FileMark()]
"""A path relative to the project folder, resolved to an absolute one before the component is made."""

Names = Annotated[tuple[str, ...], Field(strict=False)]
"""Column names. YAML has lists, frozen parameters have tuples: the one place where strictness gives way."""


class RolesParams(Params):
    """Which column plays which part."""

    key: Names = Field((), description="Columns that together name a row.")
    time: str | None = Field(None, description="When the row happened; decisions fall at this moment.")
    target: str | None = Field(None, description="Outcome to predict.")
    label_time: str | None = Field(None, description="When the outcome became known, where the data says so.")
    entities: Names = Field((), description="Whom the rows belong to: customer, terminal, series, user, unit.")
    item: str | None = Field(None, description="What is recommended or sold.")
    amount: str | None = Field(None, description="Money at stake in the row.")
    weight: str | None = Field(None, description="How much the row counts.")
    censored: str | None = Field(None, description="True where the outcome was not seen to its end.")
    known_ahead: Names = Field((), description="Columns known for future rows too.")
    static: Names = Field((), description="Columns that do not change within an entity.")
    protected: Names = Field((), description="Attributes that decisions must not depend on unfairly.")

    def roles(self) -> Roles:
        """The same as a plain record."""
        return Roles(**self.model_dump())


class SourceParams(Params):
    """What every source declares beside its own parameters."""

    table: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$", description="Name of the snapshot table that the rows are pinned in.")
    roles: RolesParams = Field(default_factory=RolesParams, description="Which column plays which part.")
