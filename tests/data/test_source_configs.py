"""The named choices of `conf/data` and `conf/checks` fit their components, and each other."""

from __future__ import annotations

import sys
from pathlib import Path
from subprocess import run
from typing import Any

import yaml

from upshot.catalogue import Catalogue, Plugin
from upshot.components.checks import ENTRIES as CHECKS
from upshot.components.data import ENTRIES as DATA
from upshot.contracts.records import Map, Spec

CONF = Path(__file__).parents[2] / "conf"


def catalogue() -> Catalogue:
    return Catalogue((Plugin("built_in", "upshot", "0", None, (*DATA, *CHECKS), (), ()),))


def made(kind: str, use: str, params: dict[str, Any]) -> Any:
    return catalogue().make(Spec(kind, use, Map(params)))


def test_the_simulated_payments_meet_their_checks() -> None:
    data = yaml.safe_load((CONF / "data/card_transactions.yaml").read_text())
    checks = yaml.safe_load((CONF / "checks/card_transactions.yaml").read_text())
    source = made("data", data.pop("use"), data | {"customers": 100, "days": 20})

    frame = next(source.read()).to_pandas()
    findings = {
        name: made("checks", {"payments": "columns", "payment_ids": "unique"}.get(name, name), rule).check(frame, source.roles)[0]
        for name, rule in checks.items()
    }

    assert set(data["roles"]) <= set(source.roles.columns())
    assert {name: (finding.rows, finding.examples) for name, finding in findings.items()} == dict.fromkeys(checks, (0, ()))


def test_parameters_are_validated_without_heavy_imports() -> None:
    modules = sorted({path.split(":")[0] for entry in (*DATA, *CHECKS) for path in (entry.params, entry.make)})
    code = f"import sys, {', '.join(modules)}; print(sorted({{'pandas', 'numpy', 'pyarrow'}} & set(sys.modules)))"

    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
