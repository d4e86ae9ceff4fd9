"""State and evidence: runs, versions, journal, snapshots, artefacts and the receipts of stages.

Modules are imported by name. Only `ledger` and `schema` need SQLAlchemy, only `snapshots` needs Delta Lake (when it pins or
verifies), so a repeat that runs nothing loads neither.
"""
