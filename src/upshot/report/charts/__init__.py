"""Charts as SVG, drawn when the report is written, with a few lines of script for those who want to point at them.

Why not a charting library in the page. Each was weighed as the file that a reader opens (minified bytes, licence, whether it runs under a
content-security policy without `unsafe-eval`):

    plotly.js-strict   4.6 MB   MIT          more than the whole report may weigh; its size is what users of other reports complain of
    ECharts            1.1 MB   Apache-2.0   compiles nothing in its core; canvas, so no theme and no print of its own
    Vega + Vega-Lite   0.8 MB   BSD-3        only with its own interpreter of expressions
    Plot + D3          0.5 MB   ISC          draws SVG; adds style elements that the policy would have to know
    uPlot             50 kB     MIT          lines only, canvas

All of them draw nothing where scripts do not run: build servers, mail, and viewers that show reports in a sandbox. Vega-Lite drawn in the
process (vl-convert, BSD-3) needs no script, and 84 MB on the disk, 120 MB of memory, 0.4 s to start and 40 ms a chart; its text is placed
for one width, so each chart would be there twice, for desktop and phone.

A chart here is 5 to 20 kB and takes some milliseconds. Positions are percentages of the plot, strokes and text are not scaled, so one
drawing fits every width, prints, takes its colours from the page's theme, and is there without script. What the forms of
`upshot.contracts.sections` need of a library beyond that is ticks and thinning (`scales`, `series`); the bars, intervals and timelines
are tables with marks in them (`rows`), which is what makes them readable for everybody.

Elements are made by htpy, so every name is escaped in one place. No series is told by colour alone: lines have dashes, points have
shapes, bars have textures.
"""
