"""Built-in components of kind `split`: which cases train, which tune, which test."""

from __future__ import annotations

from upshot.contracts.components import Component

ENTRIES: tuple[Component, ...] = (
    Component(
        "split",
        "by_time",
        params="upshot.components.split.by_time:ByTimeParams",
        make="upshot.components.split.by_time:ByTime",
        sentence="Train on the past, test on the future, by windows, dates or shares of the time span.",
    ),
    Component(
        "split",
        "rolling_windows",
        params="upshot.components.split.rolling_windows:RollingWindowsParams",
        make="upshot.components.split.rolling_windows:RollingWindows",
        sentence="Several test windows one after the other, each tested by what could have been known before it.",
    ),
    Component(
        "split",
        "by_entity",
        params="upshot.components.split.by_entity:ByEntityParams",
        make="upshot.components.split.by_entity:ByEntity",
        sentence="All rows of a customer, unit or series go to one part.",
    ),
    Component(
        "split",
        "by_time_and_entity",
        params="upshot.components.split.by_time_and_entity:ByTimeAndEntityParams",
        make="upshot.components.split.by_time_and_entity:ByTimeAndEntity",
        sentence="Test on later rows of entities that training never saw.",
    ),
    Component(
        "split",
        "k_fold",
        params="upshot.components.split.k_fold:KFoldParams",
        make="upshot.components.split.k_fold:KFold",
        sentence="Every row tests once, with policy and calibration tuned inside, for small data and a written reason.",
    ),
    Component(
        "split",
        "rolling_origin",
        params="upshot.components.split.rolling_origin:RollingOriginParams",
        make="upshot.components.split.rolling_origin:RollingOrigin",
        sentence="The last steps of every series test, the steps before tune.",
    ),
    Component(
        "split",
        "leave_last_out",
        params="upshot.components.split.leave_last_out:LeaveLastOutParams",
        make="upshot.components.split.leave_last_out:LeaveLastOut",
        sentence="The last row of every user tests, the one before tunes.",
    ),
    Component(
        "split",
        "next_window",
        params="upshot.components.split.next_window:NextWindowParams",
        make="upshot.components.split.next_window:NextWindow",
        sentence="What each user takes in the window after a cutoff, decided on at the cutoff.",
    ),
    Component(
        "split",
        "by_user",
        params="upshot.components.split.by_user:ByUserParams",
        make="upshot.components.split.by_user:ByUser",
        sentence="The last rows of some users test, their earlier ones are known and never learned from.",
    ),
    Component(
        "split",
        "random",
        params="upshot.components.split.random:RandomParams",
        make="upshot.components.split.random:Random",
        sentence="Rows are drawn by chance, for a written reason.",
        libraries=("scikit-learn",),
    ),
    Component(
        "split",
        "by_column",
        params="upshot.components.split.by_column:ByColumnParams",
        make="upshot.components.split.by_column:ByColumn",
        sentence="The data say which rows train and which test, as published sets do; tuning entities are drawn from those that train.",
    ),
)
