"""The JSON that commands print, by shape: name, version, and the keys of the document.

Every document has the key `shape`. Within one number keys may be added; none is dropped, renamed or given another meaning without the next
number. Numbers that are not defined (NaN) are null. Digests are SHA-256 in hex, times UTC in ISO 8601, durations seconds.

`upshot.runs/1` (`upshot runs --json`)
    `runs`: the newest first, or as sorted, each with `run` (its id), `recipe`, `status` ("running", "done", "refused", "failed" or
    "interrupted"), `started_at`, `finished_at`, `seconds`, `version` ("card_fraud 3"), `seed`, `threads`, `project_version`,
    `recipe_digest`, `error`, and `columns`: what `--columns` asked for, name -> value.

`upshot.record/1` (`upshot show RUN --json`)
    One run: `run`, `recipe`, `status`, `person` (`name`, `source`, `account`, `git`, `authors` of the recipe, `root`; null where that was not
    recorded), `started_at`, `finished_at`, `seconds`, `error`, `version`; `stages` in order (`stage`, `cached`,
    `seconds`, `key`, `value`: the digest of what it gave, `cleared`: whether that is no longer kept); `data` (`table`, `version`, `rows`,
    `digest`, `columns`) or null; `metrics`, `value`, `slices`, `probes`, `champion` and `gates` as in `upshot.run/1`, null where they are not
    known; `slices` and `probes` by name: `topic`, `title`, `entries` (`name`, `cases`, `note`, `measures`: name -> measurement), `whole`,
    `reference` (an entry or null) and `nothing` (what it means that there is no entry, or null); `environment` (`seed`,
    `threads`, `device`, `today`, `use_plugins`, `python`, `platform`, `cores`, `cpu`, `blas`, `libraries`) or null; `log`, the path of its log.

`upshot.compare/1` (`upshot compare RUN RUN --json`)
    `first` and `second`: ids. `config`: one entry a key, as in `upshot.diff/1`. `data`: `what`, `first`, `second`. `metrics` and `kpis`: per
    name `first`, `second` and `difference` (second minus first; measurements as in `upshot.run/1`, or null), `better` ("first", "second", or
    null while that is open) and `remark`.

`upshot.value/1` (`upshot value RUN --json`)
    `run`; `kpi` (`name`, `expression`, `per`, `unit`, `period`, `parameters`: name -> `value`, `unit`); `scale`: from the test rows to the
    period; `case`: null for all rows, else `row`, `key`, `outcome`, `predictions` and `decisions` (a list of rows each) and
    `counted_at`: the case at which what came of it is counted, null for itself; `subjects`: per
    subject `rows`, `flows` (sums), `terms` (sums), `sum` of the terms, `per` (the denominator, or null) and `value` (not scaled).

`upshot.lineage/1` (`upshot lineage RUN --json`)
    `run`, `recipe`, `recipe_digest`; `source` (`use`, `inputs`: path -> digest when it was read, null where that is no longer kept);
    `snapshot` (`table`, `version`, `rows`, `digest`, `created_at`) or null; `stages` (`stage`, `key`, `value`); `version` (`name`, `number`,
    `manifest`: path -> digest) or null.

`upshot.replay/1` (`upshot replay RUN --json`)
    `run`; `level` ("bit", "prediction", "metric" or "diverged"); `first`: the first stage that gave another value, or null; `difference`:
    where it differs most (`where`, `amount`: null for a file or a text), or null; `largest`: the same of the predictions, or else of money
    or scores, or null; `stages` (`stage`, `recorded`, `replayed`, `same`); `changed`: facts that differ from those of the run.

`upshot.plan/1` (`upshot plan RECIPE --json`)
    `recipe`, `recipe_digest`; `stages` in order (`stage`, `cached`, `reason`, `key`: null behind a stage that must run, `seconds`: when it last
    ran, or null); `to_run`: how many are not cached; `weaker`: in what less is asked for than of what is served (`environment`, `serves`: the
    version, `where`, `what`, `needs`: whose approval, `role`, `count` and `by`).

`upshot.gates/1` (`upshot gates RECIPE --json`)
    `recipe`; `gates` in the recipe's order (`gate`, `outcome`: "PASS", "FAIL" or "INCONCLUSIVE", `what`, `measured` as in `upshot.run/1` or
    null, `threshold`, `reason`, `would_decide`).

`upshot.standing/1` (`upshot gates RECIPE@NUMBER --env NAME --json`)
    A version before an environment: `name`, `number`, `environment`, `run` (the evidence), `serves`: the number that is served there, or null;
    `gates` as in `upshot.gates/1`, each with `passes` and `waiver` (as in `upshot.waivers/1`, or null); `approvals` by role (`role`, `count`, `by`:
    who may, or null for anybody but the makers; `given` as in `upshot.approvals/1`, `void`: those that do not count, with `why`); `weaker`: in what less
    is asked for than of what is served (`where`, `what`).

`upshot.waivers/1` (`upshot gates RECIPE@NUMBER --waive GATE --json`, `--withdraw GATE`)
    `waivers`: what was written down or taken back (`name`, `number`, `environment`, `gate`, `role`, `until`, `at`, `person`, `reason`, `entry` of the
    journal, `withdrawn`: the entry that took it back before, or null).

`upshot.approvals/1` (`upshot approve --json`)
    `approvals`: what was written down, or taken back with `--withdraw` (`name`, `number`, `environment`, `role`, `at`, `person`: `name`, `source`,
    `account`, `git`; `reason`, `entry`, `withdrawn`).

`upshot.promotion/1` (`upshot promote --json`, `upshot rollback --json`)
    `name`, `environment`, `kind` ("promoted" or "rolled_back"), `number`, `previous`, `at`, `person`, `reason`, `entry`, `changed`: false where it was
    served already; `terms`: `gates` and `protocol` as they were, `verdicts`, `waivers` and `approved` (journal entries), `weaker`, `run`, `decision`.

`upshot.history/1` (`upshot history RECIPE --json`)
    `name`; `events`, the oldest first (`entry`, `at`, `what`, `number`, `environment`, `person`, `role`, `gate`, `until`, `previous`, `reason`,
    `takes_back`: an entry; null where one does not apply).

`upshot.status/1` (`upshot status --json`)
    `environments` (`name`, `environment`, `number`, `since`, `person`: null where nothing is served; `newest`: the newest version, `lacks`: the keys of
    what it lacks there, null where no recipe was named).

`upshot.recipes/1` (`upshot recipes --json`)
    `recipes`, the project's own first (`name`, `layer`: "project", "plugin NAME" or "packaged", `sentence`, `shadowed`: whether one of the same
    name hides it).

`upshot.recipe/1` (`upshot show RECIPE --json`)
    The resolved recipe: `name`, `use_case`, `nodes` and `groups` (kind -> component, or name -> component: `use`, `params`, `inputs`), `seed`,
    `threads` (0: all cores), `device`, `objective`, `use_plugins`, `env` (name -> `approvals`, `inconclusive_passes`, `author_may_promote` and the keys that it
    lays over the recipe), `environment`: the one that was laid over it, or null; `origins` (key -> its text, and the layer, place and text of everybody who set it).

`upshot.describe/1` (`upshot describe --json`)
    `kinds`, each as in `upshot.describe.kind/1`.

`upshot.describe.recipe/1` (`upshot describe recipe --json`)
    The keys of a recipe beside its components: `kind` ("recipe"), `sentence`, `keys` (`key`, `type`, `bounds`, `required`, `default` where there
    is one, `sentence`, and `keys` of a map).

`upshot.describe.env/1` (`upshot describe env --json`)
    The keys of an environment: `kind` ("env"), `sentence`, `keys` as in `upshot.describe.recipe/1`, `choices` as in `upshot.describe.kind/1`.

`upshot.describe.kind/1` (`upshot describe KIND --json`)
    `kind`, `sentence`, `many`: whether a recipe holds a map of them; `default`: the component that stands in when it is left out, or null;
    `components` (`kind`, `name`, `sentence`, `plugin`, `distribution`, `version`, `by_key`, `libraries`); `choices` (`name`, `layer`, `sentence`,
    `shadowed`).

`upshot.describe.component/1` (`upshot describe KIND NAME --json`)
    A component: `kind`, `name`, `sentence`, `plugin`, `distribution`, `version`, `by_key`: the key that implies it, or null; `libraries`: those
    that its results depend on; `in_a_recipe`, `choices`: texts; `parameters`, as the `keys` of `upshot.describe.recipe/1`.

`upshot.plugins/1` (`upshot plugins list --json`)
    `plugins` in the order in which they are asked (`name`, `distribution`, `version`, `hooks`, `components`: `kind`, `name`, `sentence`);
    `broken` (`name`, `distribution`, `version`, `reason`).

`upshot.cache/1` (`upshot cache --json`)
    `action` ("size" or "clean"), and what is there, or what was removed: `receipts`, `artefacts`, `bytes`; `registered_bytes`: those that
    registered versions need, 0 after cleaning.

`upshot.fsck/1` (`upshot fsck --json`)
    `faults` (`where`, `what`, `mends`: what `--repair` does about it, or null), `mended`: how many it mended.
`upshot.whatif/1` (`upshot whatif RUN NAME=VALUE --json`)
    `run`, `kpi`; `assumptions`: name -> `recorded` and `tried`; `recorded` and `tried`: `per_period` and `gain` as in `upshot.run/1`.

`upshot.report/1` (`upshot report [RUN [RUN]] --format json`, `upshot card [RUN] --format json`)
    `title`; `runs`: ids; `version` of the Upshot that wrote it; `front` (`kicker`, `headline`, `sentences`, `claims` and `assumptions`: charts or
    null, `breaks`, `gates`: outcome -> count, `verdict`, `owners`, `steps`, `evidence`), null for a card; `sections` in order (`name`, `title`,
    `reader`, `blocks`, `evidence`: `stage` and `digest`). A block has a `kind`: "text" (`paragraphs`), "table" (`title`, `columns`, `rows`,
    `note`), "chart" (beside these `form`, `x`, `y`, `also`, `low`, `high`, `by`, `mark`, `level`) or "chain" (`title`, `links`, `note`). Rows map column to
    value and may hold more columns than are shown; columns and axes have `name`, `title`, `style`, `unit`, `low`, `high`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from upshot.contracts.records import Measured
from upshot.contracts.tables import thaw

SHAPES: dict[str, tuple[str, ...]] = {
    "upshot.runs/1": ("runs",),
    "upshot.record/1": (
        "run",
        "recipe",
        "status",
        "person",
        "started_at",
        "finished_at",
        "seconds",
        "error",
        "version",
        "stages",
        "data",
        "metrics",
        "value",
        "slices",
        "probes",
        "champion",
        "gates",
        "environment",
        "log",
    ),
    "upshot.compare/1": ("first", "second", "config", "data", "metrics", "kpis"),
    "upshot.value/1": ("run", "kpi", "scale", "case", "subjects"),
    "upshot.lineage/1": ("run", "recipe", "recipe_digest", "source", "snapshot", "stages", "version"),
    "upshot.whatif/1": ("run", "kpi", "assumptions", "recorded", "tried"),
    "upshot.report/1": ("title", "runs", "version", "front", "sections"),
    "upshot.replay/1": ("run", "level", "first", "difference", "largest", "stages", "changed"),
    "upshot.plan/1": ("recipe", "recipe_digest", "stages", "to_run", "weaker"),
    "upshot.gates/1": ("recipe", "gates"),
    "upshot.standing/1": ("name", "number", "environment", "run", "serves", "gates", "approvals", "weaker"),
    "upshot.waivers/1": ("waivers",),
    "upshot.approvals/1": ("approvals",),
    "upshot.promotion/1": (
        "name",
        "environment",
        "kind",
        "number",
        "previous",
        "at",
        "person",
        "reason",
        "entry",
        "changed",
        "terms",
    ),
    "upshot.history/1": ("name", "events"),
    "upshot.status/1": ("environments",),
    "upshot.recipes/1": ("recipes",),
    "upshot.recipe/1": (
        "name",
        "use_case",
        "nodes",
        "groups",
        "seed",
        "threads",
        "device",
        "objective",
        "use_plugins",
        "env",
        "environment",
        "origins",
    ),
    "upshot.describe/1": ("kinds",),
    "upshot.describe.recipe/1": ("kind", "sentence", "keys"),
    "upshot.describe.env/1": ("kind", "sentence", "keys", "choices"),
    "upshot.describe.kind/1": ("kind", "sentence", "many", "default", "components", "choices"),
    "upshot.describe.component/1": (
        "kind",
        "name",
        "sentence",
        "plugin",
        "distribution",
        "version",
        "by_key",
        "libraries",
        "in_a_recipe",
        "choices",
        "parameters",
    ),
    "upshot.plugins/1": ("plugins", "broken"),
    "upshot.cache/1": ("action", "receipts", "artefacts", "bytes", "registered_bytes"),
    "upshot.fsck/1": ("faults", "mended"),
}
"""Shape -> the keys of its document, in order, `shape` left out."""


def printed(shape: str, body: Mapping[str, Any]) -> str:
    """A document of a shape as text.

    Example:
        >>> print(printed("upshot.runs/1", {"runs": [{"seconds": float("nan")}]}))
        {
         "shape": "upshot.runs/1",
         "runs": [
          {
           "seconds": null
          }
         ]
        }
    """
    assert tuple(body) == SHAPES[shape], f"{shape} has the keys {SHAPES[shape]}"
    return json.dumps({"shape": shape, **plain(thaw(dict(body)))}, indent=1, ensure_ascii=False, allow_nan=False)


def measurement(measured: Measured) -> dict[str, object]:
    """A measurement as JSON data; NaN is null."""
    return {key: plain(value) for key, value in asdict(measured).items()}


def plain(value: Any) -> Any:
    """The same without numbers that JSON does not know."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and value - value != 0 else value


__all__ = ["SHAPES", "measurement", "plain", "printed"]
