"""Rows 1 to 23 of the list of bad inputs, and what else a recipe explains specially: exit code and the whole text."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, NamedTuple

import pytest

from upshot.catalogue import load_catalogue
from upshot.contracts.params import RolesParams
from upshot.errors import did_you_mean

RECIPE = """\
# Two slots a user.
defaults:
  - model: shallow
  - gates: standard
  - _self_
use_case: {name: slots, problem: ranking}
data: {use: csv, table: events, path: data/events.csv}
split: {use: leave_last_out}
policy: {use: top_k, k: 2}
rollout: {use: ranked_hits}
kpi:
  margin: {expression: hit_amount * 0.3, unit: EUR, impact: revenue_uplift}
"""
MODEL, RECIPE_FILE = "conf/model/shallow.yaml", "recipes/slots.yaml"
FILES = {
    RECIPE_FILE: RECIPE,
    MODEL: "use: popularity\nk: 5\n",
    "conf/model/deep.yaml": "use: lightgbm\nmax_depth: 8\n",
    "conf/gates/standard.yaml": "worth: {kpi: margin, min: 0}\n",
}
BRACKETS = "[" * 3000 + "]" * 3000
BOMB = "a: &a [x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 8)}]\n" for before, name in zip("abcdef", "bcdefg", strict=True)
)
"""216 bytes that mean 8 to the power of 7 values."""


class Case(NamedTuple):
    """Files beside or instead of the sound ones, arguments of `validate`, and what comes of them."""

    row: str
    files: dict[str, str | bytes]
    arguments: list[str]
    exit_code: int
    told: str


CASES = [
    Case(
        "row 1 unknown keys at every level",
        {},
        ["policy.kk=3", "+model.kk=4", "use_case.owner=x", "data.roles.tim=a", "kpi.margin.parameters.a={value:1,unit:EUR,valu:1}"],
        2,
        "RecipeError: 5 problems in recipe 'slots' (no data was read)\n"
        "\n"
        "  use_case.owner                unknown key; got 'x'; did you mean 'owners'? options: name, owners, problem  (argument 3)\n"
        f"  data.roles.tim                unknown key; got 'a'; {did_you_mean('tim', RolesParams.model_fields)}  (argument 4)\n"
        "  model.kk                      unknown key; got 4; did you mean 'k'? options: exclude_seen, k, window  (argument 2)\n"
        "  policy.kk                     unknown key; got 3; did you mean 'k'? options: diversity, diversity_by, k, limits, new_items, show, where, worth_by  (argument 1)\n"
        "  kpi.margin.parameters.a.valu  unknown key; got 1; did you mean 'value'? options: high, low, owner, source, unit, "
        "valid_until, value  (argument 5)\n",
    ),
    Case(
        "row 1 unknown key of a file",
        {MODEL: "use: popularity\nk: 5\nwindwo: 3\n"},
        [],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  model.windwo  unknown key; got 3; did you mean 'window'? options: exclude_seen, k, window  (conf/model/shallow.yaml:3)\n",
    ),
    Case(
        "row 2 values left open",
        {RECIPE_FILE: RECIPE + "seed: ???\n"},
        ["data.path=???", "policy.k=???"],
        2,
        "RecipeError: 3 problems in recipe 'slots' (no data was read)\n"
        "\n"
        "  data.path  must be given: it is still ???; write data.path=VALUE, or set it in the recipe  (argument 1)\n"
        "  policy.k   must be given: it is still ???; write policy.k=VALUE, or set it in the recipe  (argument 2)\n"
        "  seed       must be given: it is still ???; write seed=VALUE, or set it in the recipe  (recipes/slots.yaml:13)\n",
    ),
    Case(
        "row 2 a choice left open",
        {RECIPE_FILE: RECIPE.replace("  - model: shallow", "  - preset: ???\n  - model: shallow"), "conf/preset/quick.yaml": "k: 1\n"},
        [],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n\n  preset  a choice must be given; got ???; options: quick\n",
    ),
    Case(
        "row 3 wrong types",
        {},
        ["model.k=six", "policy.k=true", "data.roles=[a]", "seed=1.5", "data.null_values=none"],
        2,
        "RecipeError: 5 problems in recipe 'slots' (no data was read)\n"
        "\n"
        "  seed              must be a whole number; got 1.5; range >= 0 and <= 4294967295; default 42  (argument 4)\n"
        f'  data.roles        must be a map; got ["a"]; its keys are {", ".join(RolesParams.model_fields)}  (argument 3)\n'
        "  data.null_values  must be a list; got 'none'; default [\"\"]  (argument 5)\n"
        "  model.k           must be a whole number; got 'six'; range >= 1 and <= 10000; default 10  (argument 1)\n"
        "  policy.k          must be a whole number; got true; default 10  (argument 2)\n",
    ),
    Case(
        "row 4 out of range",
        {},
        ["policy.k=-1", "threads=0", "seed=-1", "data.separator=''"],
        2,
        "RecipeError: 4 problems in recipe 'slots' (no data was read)\n"
        "\n"
        "  seed            must be >= 0; got -1; range >= 0 and <= 4294967295; default 42  (argument 3)\n"
        "  threads         must be >= 1; got 0; Threads a fit may use; all cores when left out.  (argument 2)\n"
        "  data.separator  must have at least 1 character; got ''; default ','  (argument 4)\n"
        "  policy.k        must be >= 1; got -1; default 10  (argument 1)\n",
    ),
    Case(
        "row 5 a country that YAML takes for no",
        {
            RECIPE_FILE: RECIPE.replace(
                "use_case: {name: slots, problem: ranking}",
                "use_case: {name: slots, owners: {business: NO, operations: 3.10}, problem: ranking}",
            )
        },
        [],
        2,
        "RecipeError: 2 problems in recipe 'slots' (no data was read)\n"
        "\n"
        "  use_case.owners.business    must be text; got false; YAML reads NO so: write it in quotes, 'NO'  (recipes/slots.yaml:6)\n"
        "  use_case.owners.operations  must be text; got 3.1; YAML reads 3.10 so: write it in quotes, '3.10'  (recipes/slots.yaml:6)\n",
    ),
    Case(
        "row 5 texts in a list that YAML takes for others",
        {
            RECIPE_FILE: RECIPE.replace(
                "data: {use: csv, table: events, path: data/events.csv}",
                "data: {use: csv, null_values: [ok, NO, 1.50], table: events, path: data/events.csv}",
            )
        },
        [],
        2,
        "RecipeError: 2 problems in recipe 'slots' (no data was read)\n"
        "\n"
        "  data.null_values.1  must be text; got false; YAML reads NO so: write it in quotes, 'NO'  (recipes/slots.yaml:7)\n"
        "  data.null_values.2  must be text; got 1.5; YAML reads 1.50 so: write it in quotes, '1.50'  (recipes/slots.yaml:7)\n",
    ),
    Case(
        "row 5 numbers of YAML 1.1",
        {RECIPE_FILE: RECIPE + "seed: 12:30\nthreads: 007\n"},
        [],
        2,
        "RecipeError: 2 problems in recipe 'slots' (no data was read)\n"
        "\n"
        "  recipes/slots.yaml:13  YAML reads 12:30 as 750; write it in quotes, '12:30', or the number itself\n"
        "  recipes/slots.yaml:14  YAML reads 007 as 7; write it in quotes, '007', or the number itself\n",
    ),
    Case(
        "row 5 a key that YAML takes for a truth",
        {RECIPE_FILE: RECIPE + "metrics: {on: {use: mae}}\n"},
        [],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  recipes/slots.yaml:13  a key must be text; got on (bool); write it in quotes: 'on'\n",
    ),
    Case(
        "row 5 an argument that is no text",
        {},
        ["use_case.owners.business=3.10"],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  use_case.owners.business  must be text; got 3.1; write it in quotes: 'use_case.owners.business=\"3.10\"'  (argument 1)\n",
    ),
    Case(
        "row 6 a tab",
        {MODEL: "use: popularity\n\tk: 5\n"},
        [],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  conf/model/shallow.yaml:2:1  is not YAML: found a tab character that violates indentation; indent with spaces, not tabs\n"
        "       k: 5\n"
        "      ^\n",
    ),
    Case(
        "row 6 a tab further in",
        {MODEL: "use: popularity\na:\n  b: 1\n \tc: 5\n"},
        [],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  conf/model/shallow.yaml:4:2  is not YAML: found a tab character that violates indentation; indent with spaces, not tabs\n"
        "        c: 5\n"
        "       ^\n",
    ),
    Case(
        "row 6 an unclosed quote",
        {MODEL: "use: 'popularity\nk: 5\n"},
        [],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  conf/model/shallow.yaml:1:6  is not YAML: found unexpected end of stream; here:\n"
        "      use: 'popularity\n"
        "           ^\n",
    ),
    Case(
        "row 6 an unclosed bracket",
        {MODEL: "use: popularity\nk: [1, 2\n"},
        [],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  conf/model/shallow.yaml:2:4  is not YAML: did not find expected ',' or ']'; here:\n"
        "      k: [1, 2\n"
        "         ^\n",
    ),
    Case(
        "row 7 a key twice",
        {MODEL: "use: popularity\nk: 5\nk: 6\n"},
        [],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  conf/model/shallow.yaml:3  the key 'k' stands twice; got lines 2 and 3\n",
    ),
    Case(
        "row 7 a key twice, deeper",
        {RECIPE_FILE: RECIPE + "metrics:\n  mae: {}\n  rmse: {}\n  mae: {use: mae}\n"},
        [],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  recipes/slots.yaml:16  the key 'mae' stands twice; got lines 14 and 16\n",
    ),
    Case(
        "row 8 latin 1",
        {MODEL: b"use: popularity\n# Z\xfcrich\n"},
        [],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  conf/model/shallow.yaml  is not UTF-8 at byte 19; got 0xfc; save the file as UTF-8\n",
    ),
    Case(
        "row 9 an empty recipe",
        {RECIPE_FILE: ""},
        [],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  recipe slots  is empty; write at least `use_case: {name: NAME, problem: classification}` and a defaults list\n",
    ),
    Case(
        "row 9 a comment only",
        {RECIPE_FILE: "# nothing\n"},
        [],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  recipe slots  is empty; write at least `use_case: {name: NAME, problem: classification}` and a defaults list\n",
    ),
    Case(
        "row 9 a list",
        {RECIPE_FILE: "- a\n- b\n"},
        [],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  recipes/slots.yaml:1  must be a map at the top; got list; write at least `use_case: {name: NAME, problem: "
        "classification}` and a defaults list\n",
    ),
    Case(
        "row 10 an alias bomb of 218 bytes",
        {MODEL: BOMB},
        [],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  conf/model/shallow.yaml:6  a file may have 100,000 values, aliases expanded\n",
    ),
    Case(
        "row 10 three thousand brackets",
        {MODEL: "a: " + BRACKETS},
        [],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  conf/model/shallow.yaml:1  maps and lists may be 64 levels deep\n",
    ),
    Case(
        "row 10 brackets in an argument",
        {},
        ["model.k=" + BRACKETS],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  argument 1  an override may have 10,000 characters and 64 levels of brackets; got "
        "'model.k=[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[['...\n",
    ),
    Case(
        "row 10 fifty megabytes",
        {MODEL: "a: " + "x" * 50_000_000},
        [],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  conf/model/shallow.yaml  a file may have 2,000,000 bytes; got 50,000,003\n",
    ),
    Case(
        "row 11 tags",
        {MODEL: "use: popularity\nk: !!python/object/apply:os.system ['touch pwned']\nj: !!python/name:os.system\n"},
        [],
        5,
        "IntegrityError: 'conf/model/shallow.yaml' is refused (nothing of it was used)\n"
        "\n"
        "  conf/model/shallow.yaml:2  the tag '!!python/object/apply:os.system' is refused: it would build Python objects\n"
        "  conf/model/shallow.yaml:3  the tag '!!python/name:os.system' is refused: it would build Python objects\n",
    ),
    Case(
        "row 11 a tag that is none of Python",
        {MODEL: "use: !env HOME\n"},
        [],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  conf/model/shallow.yaml:1  unknown tag '!env'; a recipe holds plain values: take the tag out\n",
    ),
    Case(
        "row 12 keys that call code, in a file",
        {MODEL: "_target_: os.system\nuse: popularity\nk: {_partial_: true, '()': x}\n"},
        [],
        5,
        "IntegrityError: 'conf/model/shallow.yaml' is refused (nothing of it was used)\n"
        "\n"
        "  conf/model/shallow.yaml:1  the key '_target_' is refused: it would let a recipe call code; a recipe names components "
        "with `use:`; code comes as a plugin that offers one\n"
        "  conf/model/shallow.yaml:3  the key '_partial_' is refused: it would let a recipe call code; a recipe names components "
        "with `use:`; code comes as a plugin that offers one\n"
        "  conf/model/shallow.yaml:3  the key '()' is refused: it would let a recipe call code; a recipe names components with "
        "`use:`; code comes as a plugin that offers one\n",
    ),
    Case(
        "row 12 keys that call code, as arguments",
        {},
        ["model={use:popularity,_target_:os.system}", "+a._args_=[1]"],
        5,
        "IntegrityError: the command line is refused (nothing of it was used)\n"
        "\n"
        "  argument 1  the key '_target_' is refused: it would let a recipe call code; a recipe names components with `use:`; "
        "code comes as a plugin that offers one\n"
        "  argument 2  the key '_args_' is refused: it would let a recipe call code; a recipe names components with `use:`; code "
        "comes as a plugin that offers one\n",
    ),
    Case(
        "row 12 keys that call code, behind an interpolation",
        {RECIPE_FILE: RECIPE + "x: {_target_: os.system}\nlabels: ${x}\n"},
        [],
        5,
        "IntegrityError: 'recipes/slots.yaml' is refused (nothing of it was used)\n"
        "\n"
        "  recipes/slots.yaml:13  the key '_target_' is refused: it would let a recipe call code; a recipe names components with "
        "`use:`; code comes as a plugin that offers one\n",
    ),
    Case(
        "row 13 Hydra's own keys as arguments",
        {},
        ["hydra.searchpath=[x]", "hydra/launcher=joblib", "hydra.run.dir=../..", "+hydra.job_logging.x=1"],
        5,
        "IntegrityError: the command line is refused (nothing of it was used)\n"
        "\n"
        "  argument 1  the key 'hydra' is refused: it belongs to the engine; Upshot composes recipes itself; nothing of Hydra's "
        "own settings is used\n"
        "  argument 2  the key 'hydra' is refused: it belongs to the engine; Upshot composes recipes itself; nothing of Hydra's "
        "own settings is used\n"
        "  argument 3  the key 'hydra' is refused: it belongs to the engine; Upshot composes recipes itself; nothing of Hydra's "
        "own settings is used\n"
        "  argument 4  the key 'hydra' is refused: it belongs to the engine; Upshot composes recipes itself; nothing of Hydra's "
        "own settings is used\n",
    ),
    Case(
        "row 13 Hydra's own keys in a recipe",
        {RECIPE_FILE: RECIPE + "hydra:\n  run: {dir: ../..}\n  job_logging: x\n"},
        [],
        5,
        "IntegrityError: 'recipes/slots.yaml' is refused (nothing of it was used)\n"
        "\n"
        "  recipes/slots.yaml:13  the key 'hydra' is refused: it belongs to the engine; Upshot composes recipes itself; nothing "
        "of Hydra's own settings is used\n",
    ),
    Case(
        "row 13 a launcher in a defaults list",
        {RECIPE_FILE: RECIPE.replace("  - _self_", "  - override hydra/launcher: joblib\n  - _self_")},
        [],
        5,
        "IntegrityError: 'recipes/slots.yaml' is refused (nothing of it was used)\n"
        "\n"
        "  recipes/slots.yaml:5  the key 'hydra/launcher' is refused: it belongs to the engine; Upshot composes recipes itself; "
        "nothing of Hydra's own settings is used\n",
    ),
    Case(
        "row 14 the environment in an argument",
        {},
        ["data.path='${oc.env:AWS_SECRET}'"],
        5,
        "IntegrityError: the command line is refused (nothing of it was used)\n"
        "\n"
        "  data.path  reading the environment is refused: the value would be stored and shown; got '${oc.env:AWS_SECRET}'; a "
        "parameter that takes a secret gets it as ${secret:NAME}  (argument 1)\n",
    ),
    Case(
        "row 14 the environment in a recipe",
        {RECIPE_FILE: RECIPE + "objective: ${oc.env:AWS_SECRET}\n"},
        [],
        5,
        "IntegrityError: recipe 'slots' is refused (nothing of it was used)\n"
        "\n"
        "  objective  reading the environment is refused: the value would be stored and shown; got '${oc.env:AWS_SECRET}'; a "
        "parameter that takes a secret gets it as ${secret:NAME}  (recipes/slots.yaml:13)\n",
    ),
    Case(
        "row 15 resolvers, cycles",
        {},
        ["data.path='${now:%Y}'", "policy.k=${model.k}", "model.k=${seed}", "seed=${policy.k}"],
        2,
        "RecipeError: 2 problems in recipe 'slots' (no data was read)\n"
        "\n"
        "  data.path  unknown resolver 'now'; got '${now:%Y}'; ${key.of.the.recipe}, ${secret:NAME} and the resolvers oc.select, "
        "oc.dict.keys, oc.dict.values are allowed  (argument 1)\n"
        "  model.k    points at itself; got model.k -> seed -> policy.k -> model.k; give one of them a value  (argument 3)\n",
    ),
    Case(
        "row 15 a pointer to nothing",
        {},
        ["seed=${sed}"],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  seed  points at nothing; got '${sed}'; Interpolation key 'sed' not found  (argument 1)\n",
    ),
    Case(
        "row 16 choices that are not there",
        {RECIPE_FILE: RECIPE.replace("  - model: shallow", "  - preset: quik\n  - model: shallow"), "conf/preset/quick.yaml": "k: 1\n"},
        [],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  preset  there is no such choice; got 'quik'; did you mean 'quick'? options: quick  (recipes/slots.yaml:3)\n",
    ),
    Case(
        "row 16 a component without a file",
        {},
        ["+baselines=do_nothing"],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  baselines  there is no such choice; got 'do_nothing'; 'do_nothing' is a component without a file of its own: write "
        "baselines={do_nothing:{}}, or write conf/baselines/do_nothing.yaml  (argument 1)\n",
    ),
    Case(
        "row 18 a gate on a metric that nobody computes",
        {},
        ["gates.best={metric:hit_rate_at_k,min:0.1}"],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  gates.best.metric  asks for a metric that the recipe does not declare; got 'hit_rate_at_k'; there are none  (argument 1)\n",
    ),
    Case(
        "row 19 thresholds that are no numbers",
        {},
        ["gates.worth.min=nan", "gates.best={metric:hit_rate_at_k,min:inf}"],
        2,
        "RecipeError: 2 problems in recipe 'slots' (no data was read)\n"
        "\n"
        "  gates.worth.min  must be a finite number; got NaN; default null  (argument 1)\n"
        "  gates.best.min   must be a finite number; got Infinity; default null  (argument 2)\n",
    ),
    Case(
        "row 20 prod has fewer gates than staging, and an empty list of approvers",
        {
            RECIPE_FILE: RECIPE
            + "env:\n"
            + "  staging: {gates: {most: {kpi: margin, min: 5}, worth: {min: 1}}, approvals: {risk: {count: 2}}}\n"
            + "  prod: {approvals: {risk: {by: []}}}\n"
        },
        [],
        2,
        "RecipeError: 4 problems in recipe 'slots' (no data was read)\n"
        "\n"
        "  env.prod.approvals.risk.by  policy: a list of approvers is not empty; got []; name somebody, or leave `by` out where anybody but "
        "the makers may approve  (recipes/slots.yaml:15)\n"
        "  env.prod.gates.worth        policy: an environment asks for all that the one before it asks for; got min 1.0 -> 0.0, compared with "
        "staging; add the gate of staging to prod too  (recipes/slots.yaml:15)\n"
        "  env.prod.gates.most         policy: an environment asks for all that the one before it asks for; got is gone, compared with staging; "
        "add the gate of staging to prod too  (recipes/slots.yaml:15)\n"
        "  env.prod.approvals.risk     policy: an environment asks for at least the approvals of the one before it; got 1 of role risk, where "
        "staging asks for 2  (recipes/slots.yaml:15)\n",
    ),
    Case(
        "row 20 nobody is asked in the last environment",
        {RECIPE_FILE: RECIPE + "env: {staging: {}, prod: {}}\n"},
        [],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  env.prod.approvals  policy: the last environment asks for at least one approval; got none; write env.prod.approvals: "
        "{ROLE: {by: [NAME, ...]}}  (recipes/slots.yaml:13)\n",
    ),
    Case(
        "row 23 names that differ in case",
        {},
        ["metrics={hit_rate_at_k:{},Hit_Rate_At_K:{use:hit_rate_at_k}}"],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  metrics.Hit_Rate_At_K  differs from 'hit_rate_at_k' only in case; choose another name  (argument 1)\n",
    ),
    Case(
        "a dot for a slash in defaults",
        {RECIPE_FILE: RECIPE.replace("  - model: shallow", "  - model.shallow")},
        [],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  defaults  there is no such recipe; got 'model.shallow'; a choice is written with a colon: `- model: shallow`  "
        "(recipes/slots.yaml:3)\n",
    ),
    Case(
        "a slash for a dot",
        {},
        ["+model/k=3", "policy/k=3"],
        2,
        "RecipeError: 2 problems in recipe 'slots' (no data was read)\n"
        "\n"
        "  model/k   unknown key; got 3; a slash names a group, a dot a key: write model.k  (argument 1)\n"
        "  policy/k  unknown key; got 3; a slash names a group, a dot a key: write policy.k  (argument 2)\n",
    ),
    Case(
        "a group's choice that is a text",
        {RECIPE_FILE: RECIPE + "labels: column\n"},
        [],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  labels  must be a map; got 'column'; write labels: {use: column} (as an argument: labels.use=column), or `- labels: "
        "column` in defaults where conf/labels/column.yaml is  (recipes/slots.yaml:13)\n",
    ),
    Case(
        "a group's choice for a component",
        {},
        ["rollout=ranked_hits"],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  rollout  the recipe's defaults list has no choice of this group; got rollout=ranked_hits; add one with "
        "+rollout=ranked_hits  (argument 1)\n",
    ),
    Case(
        "a plus that makes a dead key",
        {},
        ["+gates.wort.min=2", "+policy.kk=3"],
        2,
        "RecipeError: 2 problems in recipe 'slots' (no data was read)\n"
        "\n"
        "  gates.wort.use  is required: no gates is named 'wort'; did you mean gates.worth?; write `use:`, or a key that implies "
        "it (kpi, max_quarantined_share, metric, probe, slice); options: checks, kpi, metric, probe, slice  (argument 1)\n"
        "  policy.kk       unknown key; got 3; did you mean 'k'? options: diversity, diversity_by, k, limits, new_items, show, where, worth_by  (argument 2)\n",
    ),
    Case(
        "parameters left after a swap",
        {RECIPE_FILE: RECIPE + "model: {window: 3}\n"},
        ["model=deep"],
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  model.window  is a parameter of 'popularity', not of 'lightgbm'; take it out of recipes/slots.yaml:13 (for one run: "
        "~model.window), or move it to conf/model/popularity.yaml, so that it goes with that choice  (recipes/slots.yaml:13)\n",
    ),
    Case(
        "a list for a map",
        {RECIPE_FILE: RECIPE + "metrics: [hit_rate_at_k, ndcg_at_k]\nchecks:\n  - use: row_count\n"},
        [],
        2,
        "RecipeError: 2 problems in recipe 'slots' (no data was read)\n"
        "\n"
        '  checks   must be a map keyed by name; got [{"use": "row_count"}]; write checks: {NAME: {...}}  (recipes/slots.yaml:15)\n'
        '  metrics  must be a map keyed by name; got ["hit_rate_at_k", "ndcg_at_k"]; write metrics: {hit_rate_at_k: {}}  '
        "(recipes/slots.yaml:13)\n",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.row for case in CASES])
def test_a_wrong_recipe_gets_its_exit_code_and_this_whole_text(recipe_project: Callable[..., Any], case: Case) -> None:
    project = recipe_project({**FILES, **case.files})

    began = time.process_time()
    outcome = project.run("validate", "slots", *case.arguments)
    took = time.process_time() - began

    assert (outcome.exit_code, outcome.stdout) == (case.exit_code, "")
    assert outcome.stderr == case.told
    assert not case.row.startswith("row 10") or took < 1
    assert not (project.root / ".upshot").exists(), "nothing is kept of a refused recipe"
    assert not (project.root / "pwned").exists()


def test_the_files_and_limits_of_the_list_are_what_it_says() -> None:
    assert len(BOMB) == 216
    assert 8**7 > 100_000


@pytest.mark.parametrize("command", ["validate", "plan", "show", "run"])
def test_the_sound_recipe_passes_and_a_wrong_one_is_refused_by_every_command(recipe_project: Callable[..., Any], command: str) -> None:
    project = recipe_project(FILES)

    refused = project.run(command, "slots", "policy.kk=3")

    assert project.run("validate", "slots").exit_code == 0
    assert (refused.exit_code, refused.stdout, refused.stderr) == (
        2,
        "",
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        "  policy.kk  unknown key; got 3; did you mean 'k'? options: diversity, diversity_by, k, limits, new_items, show, where, worth_by  (argument 1)\n",
    )


def test_a_byte_order_mark_and_windows_lines_are_fine(recipe_project: Callable[..., Any]) -> None:
    project = recipe_project({**FILES, MODEL: b"\xef\xbb\xbfuse: popularity\r\nk: 7\r\n"})

    outcome = project.run("show", "slots", "--json")

    assert outcome.json["nodes"]["model"]["params"]["k"] == 7


def test_quoting_what_yaml_takes_for_something_else_keeps_the_text(recipe_project: Callable[..., Any]) -> None:
    owners = RECIPE.replace("name: slots, ", "name: slots, owners: {business: 'NO', operations: '3.10', engineering: '12:30'}, ")
    project = recipe_project({**FILES, RECIPE_FILE: owners})

    outcome = project.run("show", "slots", "use_case.owners.data_science='007'", "--json")

    assert outcome.json["use_case"]["owners"] == {"business": "NO", "operations": "3.10", "engineering": "12:30", "data_science": "007"}


def test_row_22_a_recipe_of_a_newer_language_is_not_half_read(recipe_project: Callable[..., Any]) -> None:
    project = recipe_project({**FILES, RECIPE_FILE: "upshot: 9\n" + RECIPE})

    outcome = project.run("validate", "slots", "policy.kk=3")

    assert (outcome.exit_code, outcome.stderr) == (
        2,
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n"
        "\n"
        f"  upshot  is written for version 9 of the recipe language; Upshot {version('upshot')} reads versions up to 1; a newer Upshot reads it:"
        " pip install --upgrade upshot  (recipes/slots.yaml:1)\n",
    )


POINTLESS = """\
from pydantic import Field

from upshot.contracts.components import Component
from upshot.contracts.params import Params
from upshot.hookspecs import hookimpl


class PointlessParams(Params):
    k: int = Field(1, description="Nothing.")


class Pointless:
    accepts = ("ranking",)
    unit = "1"

    def __init__(self, params):
        self.params = params


@hookimpl
def register_components():
    return [Component("metrics", "pointless", "upshot_pointless:PointlessParams", "upshot_pointless:Pointless", "A score.")]
"""


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_row_19_a_metric_without_a_direction_is_refused_before_any_data_is_read(
    recipe_project: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    facts = "site/upshot_pointless-1.0.dist-info"
    project = recipe_project(
        {
            **FILES,
            "site/upshot_pointless.py": POINTLESS,
            f"{facts}/METADATA": "Metadata-Version: 2.1\nName: upshot-pointless\nVersion: 1.0\n",
            f"{facts}/entry_points.txt": "[upshot]\npointless = upshot_pointless\n",
            RECIPE_FILE: RECIPE + "metrics: {pointless: {}}\n",
        }
    )
    monkeypatch.syspath_prepend(str(project.root / "site"))

    outcome = project.run(command, "slots")
    sys.modules.pop("upshot_pointless")

    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr == (
        "RecipeError: 1 problem in recipe 'slots' (no data was read)\n\n"
        "  metrics.pointless.use  'pointless' must say whether more or less of it is better: without a direction no bound can be set on it;"
        f" metrics with one: {', '.join(name for name in load_catalogue().names('metrics') if name != 'pointless')}"
        "  (recipes/slots.yaml:13)\n"
    )
