"""The report of a run, for the four people round one model: what it earned, on what evidence, under which assumptions.

A report is made of typed sections (see `upshot.contracts.sections`) and written as HTML, Markdown or JSON. What a component's section
shows was stored when the run was evaluated; what stands in every report is read from ledger, journal and the stages' values. No clock and
nothing random goes into it, so the report of a run is the same file tomorrow.
"""
