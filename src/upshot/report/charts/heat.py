"""Heatmaps: a table in which the depth of the ground says how much, and the figure in each cell says it exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import htpy as h

from upshot.contracts.sections import ChartBlock, Column
from upshot.report.charts.plot import Picture
from upshot.report.charts.series import numbers
from upshot.report.words import head, text_of, texts

if TYPE_CHECKING:
    import numpy as np

DEPTHS = 9
"""Grounds from none to most; around a level as many to either side of it."""
MOST_COLUMNS = 40


def heatmap(block: ChartBlock, *, most_rows: int) -> Picture | None:
    """Draw `y[0]` over `x` and `by`; None where there is nothing to draw.

    Where the chart has a level, or values on both sides of zero, the ground turns from one colour to another there.
    """
    import numpy as np

    frame, y = block.rows.frame, block.y[0]
    columns, across = _positions(frame[block.x.name].tolist(), block.x)
    lines, down = _positions(frame[block.by.name].tolist(), block.by) if block.by else ([0] * len(frame), [""])
    values = numbers(frame[y.name])
    if not np.isfinite(values).any():
        return None
    grid = np.full((len(down), len(across)), np.nan)
    grid[lines, columns] = values
    shown = grid[:most_rows, :MOST_COLUMNS]
    depth = _depths(shown, block.level)
    written = texts(shown.ravel().tolist(), y)
    width = shown.shape[1]
    body = [
        h.tr[h.th(scope="row")[name], [h.td(class_=f"heat {depth[i * width + j]}")[written[i * width + j]] for j in range(width)]]
        for i, name in enumerate(down[:most_rows])
    ]
    top = h.tr[
        h.th(scope="col")[block.by.title if block.by else ""], [h.th(".figure", scope="col")[name] for name in across[:MOST_COLUMNS]]
    ]
    more = [f"{len(down) - most_rows:,} more rows are not drawn"] if len(down) > most_rows else []
    more += [f"{len(across) - MOST_COLUMNS:,} more columns are not drawn"] if len(across) > MOST_COLUMNS else []
    table = h.div(".wide", tabindex="0", role="region", aria_label=block.title)[h.table(".heatmap")[h.thead[top], h.tbody[body]]]
    return Picture(table, block.title, upwards=f"{head(y)} by {block.x.title}", left_out="; ".join(more))


def _positions(values: Sequence[object], column: Column) -> tuple[list[int], list[str]]:
    """Position of each value among the distinct ones, and those in order of appearance, as they are written.

    Example:
        >>> _positions(["Mon", "Tue", "Mon"], Column("day", "day", "text"))
        ([0, 1, 0], ['Mon', 'Tue'])
    """
    written = [text_of(value, column) for value in values]
    names = {name: position for position, name in enumerate(dict.fromkeys(written))}
    return [names[name] for name in written], list(names)


def _depths(grid: np.ndarray, level: float | None) -> list[str]:
    """Class of each cell's ground, row by row."""
    import numpy as np

    values = grid.ravel()
    finite = values[np.isfinite(values)]
    low, high = float(finite.min()), float(finite.max())
    if level is None and low < 0 < high:
        level = 0.0
    if level is None:
        steps = np.floor((values - low) / ((high - low) or 1.0) * (DEPTHS - 1e-9))
        return [f"deep-{int(step)}" if step == step else "deep-none" for step in steps.tolist()]
    reach = max(high - level, level - low) or 1.0
    steps = np.round((values - level) / reach * (DEPTHS - 1))
    return ["deep-none" if step != step else f"above-{int(step)}" if step >= 0 else f"below-{int(-step)}" for step in steps.tolist()]


__all__ = ["heatmap"]
