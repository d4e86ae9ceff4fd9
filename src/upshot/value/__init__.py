"""From flows to money: expressions, units, KPIs and intervals, as pure functions.

Evaluation, tuning, gates and monitoring all value by these, so a number means the same wherever it stands. Modules that plugins may use:

- `expressions`: `Expression`, a formula of the closed grammar over columns and parameters.
- `money`: `money_rows`, `per_rows`, `total`, `sign`, `expired`, `check_kpi`.
- `valuation`: `valuate`, `check_period`.
- `audit`: `account`, `term_rows`: what a KPI is made of, term by term.
- `intervals`: `interval_of_sum`, `interval_of_ratio`, `interval_of_score`, `blocks_needed`.
- `units`: `Unit`.
"""
