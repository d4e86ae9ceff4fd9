from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from upshot.contracts.tables import Map
from upshot.ledger.receipts import Receipt, Receipts

TRAIN = Receipt(
    key="ab" * 32,
    stage="train",
    value="cd" * 32,
    inputs=Map({"model": "1f", "seed": "2e"}),
    run="r20261124T021530-7f3a9c",
    seconds=1.25,
    made_at="2026-11-24T02:15:30Z",
    note=Map({"rows": "9"}),
)


def test_a_kept_receipt_is_found_by_its_key_and_as_the_latest_of_its_stage(tmp_path):
    receipts = Receipts(tmp_path / "receipts")

    receipts.keep(TRAIN, "card_fraud")

    assert receipts.find(TRAIN.key) == TRAIN
    assert receipts.latest("card_fraud", "train") == TRAIN
    assert (receipts.find("ef" * 32), receipts.latest("card_fraud", "split"), receipts.latest("other", "train")) == (None, None, None)


def test_the_latest_receipt_says_which_input_changed(tmp_path):
    receipts = Receipts(tmp_path)
    receipts.keep(TRAIN, "card_fraud")
    receipts.keep(replace(TRAIN, key="ef" * 32, inputs=Map({"model": "1f", "seed": "99", "threads": "3d"})), "card_fraud")

    latest = receipts.latest("card_fraud", "train")

    assert latest is not None
    assert latest.changed(TRAIN.inputs) == ("seed", "threads")


def test_a_receipt_of_another_recipe_becomes_the_latest_when_it_serves(tmp_path):
    receipts = Receipts(tmp_path)
    receipts.keep(TRAIN, "card_fraud")

    receipts.point("card_fraud_eu", "train", TRAIN.key)

    assert receipts.latest("card_fraud_eu", "train") == TRAIN


def test_a_receipt_cut_or_changed_at_any_byte_counts_as_absent(tmp_path):
    receipts = Receipts(tmp_path)
    receipts.keep(TRAIN, "card_fraud")
    (path,) = (tmp_path / "ab").iterdir()
    whole = path.read_bytes()

    seen = []
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        seen.append(receipts.find(TRAIN.key))
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 4]) + whole[position + 1 :])
        seen.append(receipts.find(TRAIN.key))

    assert set(seen) == {None}


def test_a_receipt_under_the_wrong_name_counts_as_absent(tmp_path):
    receipts = Receipts(tmp_path)
    receipts.keep(TRAIN, "card_fraud")
    (path,) = (tmp_path / "ab").iterdir()

    path.rename(tmp_path / "ab" / f"{'ab' * 31}00.json")

    assert receipts.find("ab" * 31 + "00") is None


def test_an_answer_is_found_by_the_digest_of_its_plan(tmp_path):
    receipts = Receipts(tmp_path)

    receipts.keep_answer("f" * 64, {"run": "r1", "value": 412300.5, "gates": ["PASS", None]})

    assert receipts.answer("f" * 64) == {"run": "r1", "value": 412300.5, "gates": ["PASS", None]}
    assert receipts.answer("e" * 64) is None
    with pytest.raises(ValueError, match="JSON"):
        receipts.keep_answer("e" * 64, {"value": float("nan")})


def test_a_recipe_name_cannot_leave_the_folder(tmp_path):
    receipts = Receipts(tmp_path / "receipts")

    receipts.keep(TRAIN, "../../evil\n")

    assert [path.name for path in tmp_path.iterdir()] == ["receipts"]
    assert receipts.latest("../../evil\n", "train") == TRAIN


def test_looking_for_a_receipt_imports_no_database_and_nothing_heavy(tmp_path):
    Receipts(tmp_path).keep(TRAIN, "card_fraud")
    heavy = "{'sqlalchemy', 'pandas', 'numpy', 'pyarrow', 'deltalake', 'pydantic', 'hydra', 'omegaconf'}"
    program = (
        "import sys, pathlib\n"
        "from upshot.ledger.receipts import Receipts\n"
        "import upshot.ledger.artefacts, upshot.ledger.codec, upshot.ledger.snapshots, upshot.ledger.ledger\n"
        f"assert Receipts(pathlib.Path(sys.argv[1])).find('{TRAIN.key}') is not None\n"
        f"print(sorted({heavy} & set(sys.modules)))\n"
    )

    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
