"""A report made by hand, with everything that a page can show."""

from __future__ import annotations

from tests.report.forms import every_form, interval

from upshot.contracts.sections import ChainBlock, Column, Link, Section
from upshot.report.document import EVIDENCE, Entry, Evidence, Front, Report, table

DIGEST = "5f41556e12470d62534dd3f669ac651982987e96b4996bf2896f3466e3da767b"
INSPECTED = (Evidence("inspect", DIGEST),)


def front() -> Front:
    return Front(
        kicker="card_fraud · classification · risk mitigation · version 1",
        headline="EUR 691 k a year more than doing nothing",
        sentences=("With 95 % confidence it lies between EUR 531 k and 893 k.",),
        claims=interval(),
        assumptions=interval(),
        breaks=("review cost: the gain over the current rule is gone at EUR 35.85 per case, 7.17 times what is assumed.",),
        gates={"FAIL": 1, "INCONCLUSIVE": 1, "PASS": 3},
        verdict="Latency fails; calibration is open; the other 3 pass.",
        owners={"business": "payments", "data_science": "risk-ml"},
        steps=(
            "Renew review cost with fraud operations: it expired on 2026-01-31.",
            "calibration is open: about 16 more days of labels would decide.",
        ),
        evidence=INSPECTED,
    )


def evidence() -> Section:
    columns = [Column("stage", "stage", "text"), Column("digest", "value, SHA-256", "code")]
    return Section("Evidence", "risk", (table("", columns, [("inspect", DIGEST)]),))


def long_table() -> Section:
    columns = [Column("key", "key", "code"), Column("value", "value", "count")]
    rows = [(f"model.parameter_{number:02d}", (number * 37) % 60) for number in range(60)]
    return Section("A long table", "engineering", (table("Parameters", columns, rows),))


def chain() -> Section:
    links = (
        Link("source", ("csv", "payments.csv 5f41556e")),
        Link("snapshot", ("payments version 3",)),
        Link("version", ("card_fraud 1",)),
    )
    return Section("Where it comes from", "risk", (ChainBlock("From source to version", links, "Each made from the one before."),))


def demo() -> Report:
    entries = (
        Entry("forms", every_form(), INSPECTED),
        Entry("lineage", chain()),
        Entry(EVIDENCE, evidence()),
        Entry("long", long_table()),
    )
    return Report("card_fraud: r20261126T193646-632ff0", ("r20261126T193646-632ff0",), front(), entries, "0.1.0")
