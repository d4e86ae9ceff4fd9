"""The best items of each list equal a full sort, ties stand against the model, and memory is bounded by blocks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from upshot.components.lists import best as best_module
from upshot.components.lists.best import best_of_dense, best_of_entries, best_of_sparse, blocks
from upshot.components.lists.popular import first_free, most_taken


def sorted_whole(scores: np.ndarray, k: int, above: float) -> list[list[tuple[int, float, int]]]:
    """Item, score and worst rank of the k best of each row, by sorting all of it."""
    found = []
    for row in scores:
        allowed = [item for item in range(len(row)) if row[item] > above]
        allowed.sort(key=lambda item: (-row[item], item))
        found.append([(item, float(row[item]), int(sum(row[other] >= row[item] for other in allowed))) for item in allowed[:k]])
    return found


def as_rows(best, rows: int) -> list[list[tuple[int, float, int]]]:
    return [
        [(int(i), float(s), int(w)) for r, i, s, w in zip(best.row, best.item, best.score, best.worst, strict=True) if r == row]
        for row in range(rows)
    ]


@pytest.mark.parametrize("k", [1, 3, 50])
def test_sparse_and_dense_lists_equal_a_full_sort_with_every_tie_counted_against(k):
    draw = np.random.default_rng(1)
    scores = draw.integers(-2, 6, (40, 30)).astype(np.float32) / 4

    sparse, dense = best_of_sparse(csr_matrix(scores), k), best_of_dense(scores, k)

    assert as_rows(sparse, 40) == sorted_whole(scores, k, above=0.0)
    assert as_rows(dense, 40) == sorted_whole(scores, k, above=-np.inf)
    assert all(
        np.array_equal(part.rank, np.concatenate([np.arange(n) + 1 for n in np.bincount(part.row, minlength=40)]))
        for part in (sparse, dense)
    )


def test_more_lists_and_items_than_fit_into_one_key_are_sorted_in_halves():
    rows, items = np.array([0, 2**20, 2**20, 2**31]), np.array([5, 2**22, 7, 0])

    found = best_of_entries(rows, items, np.array([1.0, 3.0, 3.0, 2.0], dtype=np.float32), 2**23, 10)

    assert found.row.tolist() == [0, 2**20, 2**20, 2**31]
    assert found.item.tolist() == [5, 7, 2**22, 0]
    assert found.worst.tolist() == [1, 2, 2, 1]


def test_a_block_of_scores_stays_within_its_cells_whatever_the_number_of_users(monkeypatch):
    monkeypatch.setattr(best_module, "CELLS", 1_000)

    parts = list(blocks(100_000, 333))

    assert max(part.stop - part.start for part in parts) * 333 <= 1_000
    assert (parts[0].start, parts[-1].stop, len(parts)) == (0, 100_000, 33_334)


def test_the_first_free_items_equal_a_loop_over_users():
    draw = np.random.default_rng(2)
    taken = csr_matrix((draw.random((25, 12)) < 0.4).astype(np.float32))
    order, level = most_taken(draw.integers(0, 9, 60), 12)
    wanted = draw.integers(0, 7, 25)

    found = first_free(taken, order, level, wanted)

    dense = taken.toarray()
    for row in range(25):
        free = [item for item in order if not dense[row, item]][: wanted[row]]
        mine = found.row == row
        assert found.item[mine].tolist() == free
        counts = dict(zip(order.tolist(), level.tolist(), strict=True))
        of_all = [item for item in order if not dense[row, item]]
        assert found.worst[mine].tolist() == [sum(counts[other] >= counts[item] for other in of_all) for item in free]
