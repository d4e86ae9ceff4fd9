"""The champion: the version that an environment serves, found when a plan is made and made again from its files when it is played.

Which one it is decides what a candidate is held against, so it is a fact of the plan as a file's digest is: when another version is
promoted, the stages that saw the old one run again. Nothing is loaded before that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from upshot.catalogue import Catalogue
from upshot.contracts.components import Deployed
from upshot.contracts.records import Champion
from upshot.contracts.tables import Blob
from upshot.engine.code import CodeDigests
from upshot.engine.rehearsal import rehearse
from upshot.engine.state import State
from upshot.engine.unpack import unpacked, unpacked_policy
from upshot.errors import IntegrityError
from upshot.ledger.artefacts import Artefacts
from upshot.recipe.recipe import Recipe


@dataclass(frozen=True)
class ServedVersion:
    """The champion of one recipe; see the protocol `Incumbent`.

    Args:
        champion: Which version, and where it is served.
        artefacts: Where its files lie.
        catalogue: What is installed.
    """

    champion: Champion
    artefacts: Artefacts
    catalogue: Catalogue

    def deployed(self) -> Deployed:
        """The version, made from its files; it answers its golden rows as it did when it was registered.

        Raises:
            IntegrityError: A file is missing or damaged, or the golden rows are answered otherwise.
            RecipeError: A component of it is not installed any more.
        """
        assert self.champion.record is not None
        manifest, record = json.loads(self.artefacts.read(self.champion.record))
        files = {path: self._file(digest) for path, digest in manifest.items()}
        predictor = unpacked(files, self.catalogue)
        try:
            rehearse(predictor)
        except IntegrityError as error:
            raise IntegrityError(
                f"the champion {self.champion.version} does not answer as it did when it was registered", error.problems
            ) from error
        policy, tuned = unpacked_policy(files)
        return Deployed(predictor, self.catalogue.make(policy), tuned, record.get("seen_until"))

    def _file(self, digest: str) -> Blob:
        return Blob(load=lambda: self.artefacts.read(digest))

    def leaves(self, code: CodeDigests) -> dict[str, str]:
        """The facts by which a stage that plays it is known: which version, and the code that reads its files; none without environments."""
        champion = self.champion
        if champion.environment is None:
            return {}
        if champion.version is None:
            return {"champion": f"none in {champion.environment}"}
        named = {"champion": f"{champion.version} ({str(champion.record)[:8]}) in {champion.environment}"}
        return named | {f"champion.{place}.code": code.of(module) for place, module in self._modules()}

    def _modules(self) -> Iterator[tuple[str, str]]:
        """Place and module of each of its components that is still installed; nothing where its files are not here."""
        try:
            manifest, _ = json.loads(self.artefacts.read(str(self.champion.record)))
            components = json.loads(self.artefacts.read(manifest["components.json"]))
        except IntegrityError:
            return  # whoever plays it says what is wrong
        for place, component in sorted(components.items()):
            kind, use = place.partition("/")[0], component["use"]
            if use in self.catalogue.names(kind):
                yield place, self.catalogue.find(kind, use).make.partition(":")[0]


def incumbent(recipe: Recipe, state: State, catalogue: Catalogue) -> ServedVersion:
    """What a recipe's candidate is held against: what its environment serves; without one, the furthest environment that serves something.

    Args:
        recipe: Says which environments there are, in which order, and which of them was laid over it.
        state: Says what they serve.
        catalogue: What is installed.
    """
    return ServedVersion(champion_of(recipe, state), state.artefacts, catalogue)


def champion_of(recipe: Recipe, state: State) -> Champion:
    """The champion of a recipe, without its files."""
    if not recipe.env:
        return Champion()
    served = {row.environment: row.promotion for row in state.served(recipe.use_case.name)}
    order = [recipe.environment] if recipe.environment is not None else list(recipe.env)[::-1]
    environment = next((name for name in order if name in served), order[0])
    if environment not in served:
        return Champion(environment)
    row = served[environment]
    return Champion(environment, f"{row.name} {row.number}", row.record)


def recorded(data: Mapping[str, Any] | None) -> Champion:
    """The champion that a run wrote down; none for runs of before there were any."""
    return Champion() if data is None else Champion(data["environment"], data["version"], data["record"])


__all__ = ["ServedVersion", "champion_of", "incumbent", "recorded"]
