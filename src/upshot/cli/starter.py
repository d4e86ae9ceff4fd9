"""The files of a new project: one recipe over a small table of payments, made up here, that runs in seconds.

The recipe uses every form in which a recipe names things: a choice of the project's own `conf/`, packaged choices, and components written
out in place. Its table is drawn from a fixed seed, so that every new project has the same one and the tour of the README stays true.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

SCHEMA_FILE = ".upshot-schema.json"
_PAYMENTS, _A_DAY, _SEED = 300, 5, 20260101
_FIRST = datetime(2026, 1, 1, 8)

RECIPE = f"""\
# yaml-language-server: $schema=../{SCHEMA_FILE}
# First recipe: hold up the payments of a small shop that are likely to be fraud
upshot: 1
defaults:
  - model: shallow             # conf/model/shallow.yaml of this project
  - calibration: sigmoid       # from here on, choices that Upshot brings: upshot describe calibration
  - policy: expected_value
  - rollout: case_actions
  - metrics: classification
  - _self_

use_case:
  name: first
  problem: classification
  owners: {{business: shop, data_science: you}}

data:
  use: csv
  path: data/payments.csv
  table: payments
  roles: {{key: [id], time: paid_at, target: fraud, amount: amount}}
  columns: {{id: int64, paid_at: timestamp, amount: float64, items: int64, customer: string, fraud: int64}}

checks:
  payments:
    columns:
      amount: {{min: 0.01}}
      customer: {{allowed: [known, new]}}

split: {{use: by_time, validation: 0.25, test: 0.25}}
threads: 1  # a small table is learnt fastest by one

features:
  numbers: {{use: numeric, columns: [amount, items]}}
  customer: {{use: categorical, columns: [customer]}}

baselines:
  do_nothing: {{}}
  current_rule: {{use: rule, when: amount > 100}}

kpi:
  saved:
    expression: blocked_fraud - reviewed * review_cost - blocked_good * friction_cost
    unit: EUR
    impact: risk_mitigation
    period: month
    parameters:
      review_cost: {{value: 2.0, low: 1.0, high: 3.0, unit: EUR/case, owner: shop, source: minutes per review}}
      friction_cost: {{value: 8.0, low: 4.0, high: 16.0, unit: EUR/case, owner: shop, source: margin lost with held-up customers}}

gates:
  worth_it: {{kpi: saved, against: do_nothing, min_gain: 0}}
  ranking: {{metric: roc_auc, min: 0.7, by: value}}
"""

MODEL = """\
# Few shallow trees, for a small table
use: lightgbm
task: ${use_case.problem}
n_estimators: 40
max_depth: 3
min_child_samples: 5
"""

GITIGNORE = "# What Upshot keeps: runs, snapshots, model versions\n.upshot/\n"

README = """\
# {name}

A project of Upshot. Its sample data are made up.

- `upshot run first` runs `recipes/first.yaml` from `data/payments.csv` to a registered model version.
- `upshot plan first model.max_depth=4` says what would run again, and why.
- `upshot explain first model.max_depth` says where a value comes from.
- `upshot describe` lists all that a recipe may say; `conf/` holds the project's own choices.
- `upshot schema -o {schema}` after installing a plugin keeps editors completing.
"""


def starter(name: str) -> dict[str, str]:
    """The files of a new project, but for the schema: relative path -> content."""
    return {
        "upshot.yaml": f"# The project's own settings; recipes are in recipes/\nname: {json.dumps(name, ensure_ascii=False)}\n",
        ".gitignore": GITIGNORE,
        "README.md": README.format(name=name, schema=SCHEMA_FILE),
        "conf/model/shallow.yaml": MODEL,
        "recipes/first.yaml": RECIPE,
        "data/payments.csv": "\n".join(["id,paid_at,amount,items,customer,fraud", *_payments(), ""]),
    }


def _payments() -> Iterator[str]:
    """Five payments a day for sixty days; three of four large payments of new customers are fraud, and one of forty others."""
    random = Random(_SEED)
    for number in range(_PAYMENTS):
        moment = _FIRST + timedelta(days=number // _A_DAY, minutes=144 * (number % _A_DAY) + int(random.random() * 120))
        customer = "new" if random.random() < 0.35 else "known"
        cents = 500 + int(15_000 * random.random())
        items = 1 + int(random.random() * 5)
        chance = 0.75 if customer == "new" and cents > 7_000 else 0.025
        fraud = int(random.random() < chance)
        yield f"{number + 1},{moment:%Y-%m-%d %H:%M:%S},{cents / 100:.2f},{items},{customer},{fraud}"
