"""A recipe whose rows lie in a database: read when its fingerprint differs, and not otherwise."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

RECIPE = (Path(__file__).parents[1] / "skeletons" / "fraud_top_k.yaml").read_text(encoding="utf-8")
SOURCE = """
  use: sql
  table: payments
  url: ${secret:PAYMENTS_URL}
  query: select * from payments
  fingerprint: select max(payment_id), count(*) from payments
  append_only: true
  columns: {at: timestamp}
  roles:"""


def fill(path: Path, first: int, last: int) -> None:
    connection = sqlite3.connect(path)
    connection.execute("create table if not exists payments (payment_id integer, at text, risk integer, amount real, fraud integer)")
    for n in range(first, last):
        day, i = divmod(n, 10)
        risk = (7 * i + 3 * day) % 10
        row = (n, f"2026-01-{day + 1:02d} {8 + i:02d}:30:00", risk, 20.0 + i, int(risk == 9))
        connection.execute("insert into payments values (?, ?, ?, ?, ?)", row)
    connection.commit()
    connection.close()


def test_rows_are_read_again_only_when_the_fingerprint_differs_and_the_address_is_kept_nowhere(
    recipe_project: Any, monkeypatch: Any
) -> None:
    head, _, rest = RECIPE.partition("data:")
    body = rest.partition("  roles:")[2]
    project = recipe_project({"recipes/r.yaml": f"{head}data:{SOURCE}{body}"})
    base = project.root / "very_private_place.db"
    fill(base, 0, 190)
    monkeypatch.setenv("UPSHOT_SECRET_PAYMENTS_URL", f"sqlite:///{base}")

    runs = [project.run("run", "r", "--json") for _ in range(2)]
    fill(base, 190, 200)
    runs.append(project.run("run", "r", "--json"))

    assert [run.exit_code for run in runs] == [0, 0, 0], [run.stderr for run in runs]
    assert [run.json["stages"][0]["cached"] for run in runs] == [False, True, False]
    listed = project.run("data", "list", "--json").json["versions"]
    assert [(version["version"], version["rows"]) for version in listed] == [(0, 190), (1, 200)]
    kept = [path for path in (project.root / ".upshot").rglob("*") if path.is_file() and b"very_private_place" in path.read_bytes()]
    assert kept == []
