"""Built-in components of kind `data`."""

from __future__ import annotations

from upshot.contracts.components import Component

_HERE = "upshot.components.data"

ENTRIES: tuple[Component, ...] = (
    Component(
        "data",
        "csv",
        params=f"{_HERE}.csv:CsvParams",
        make=f"{_HERE}.csv:Csv",
        sentence="Text files with one header line, read exactly: nothing is guessed that could lose a digit.",
        libraries=("pyarrow", "pandas"),
    ),
    Component(
        "data",
        "parquet",
        params=f"{_HERE}.parquet:ParquetParams",
        make=f"{_HERE}.parquet:Parquet",
        sentence="One Parquet file, or those of a folder or glob, all of one schema.",
        libraries=("pyarrow",),
    ),
    Component(
        "data",
        "delta",
        params=f"{_HERE}.delta:DeltaParams",
        make=f"{_HERE}.delta:Delta",
        sentence="A Delta table, at its last version or any earlier one.",
        libraries=("deltalake", "pyarrow"),
    ),
    Component(
        "data",
        "sql",
        params=f"{_HERE}.sql:SqlParams",
        make=f"{_HERE}.sql:Sql",
        sentence="A table or query of any database that SQLAlchemy knows, read in chunks in a declared order.",
        libraries=("sqlalchemy", "pyarrow"),
        watched=True,
    ),
    Component(
        "data",
        "card_simulator",
        params=f"{_HERE}.card_simulator:CardSimulatorParams",
        make=f"{_HERE}.card_simulator:CardSimulator",
        sentence="Simulated card payments with three fraud patterns, after the Fraud Detection Handbook.",
        libraries=("numpy", "pandas", "pyarrow"),
    ),
    Component(
        "data",
        "credit_simulator",
        params=f"{_HERE}.credit_simulator:CreditSimulatorParams",
        make=f"{_HERE}.credit_simulator:CreditSimulator",
        sentence="Simulated credit lines under review, each with six months of bills and payments, and default or not after.",
        libraries=("numpy", "pandas", "pyarrow"),
    ),
    Component(
        "data",
        "retail_simulator",
        params=f"{_HERE}.retail_simulator:RetailSimulatorParams",
        make=f"{_HERE}.retail_simulator:RetailSimulator",
        sentence="Simulated daily sales of items in stores, with seasons, promotions, new items and empty shelves.",
        libraries=("pyarrow", "pandas", "numpy"),
    ),
    Component(
        "data",
        "unit_tables",
        params=f"{_HERE}.unit_tables:UnitTablesParams",
        make=f"{_HERE}.unit_tables:UnitTables",
        sentence="Sensor histories of units with their events and static data, joined to one row a reading that knows how its life ended.",
        libraries=("pyarrow", "pandas"),
    ),
    Component(
        "data",
        "fleet_simulator",
        params=f"{_HERE}.fleet_simulator:FleetSimulatorParams",
        make=f"{_HERE}.fleet_simulator:FleetSimulator",
        sentence="Simulated machines that wear out by three modes under changing load, with sensors that break, services and censoring.",
        libraries=("numpy", "pandas", "pyarrow"),
    ),
    Component(
        "data",
        "shop_simulator",
        params="upshot.components.data.shop_simulator:ShopSimulatorParams",
        make="upshot.components.data.shop_simulator:ShopSimulator",
        sentence="A simulated shop with tastes, seasons, prices and stock, of which the best lists are known.",
    ),
    Component(
        "data",
        "campaign_simulator",
        params="upshot.components.data.campaign_simulator:CampaignSimulatorParams",
        make="upshot.components.data.campaign_simulator:CampaignSimulator",
        sentence="Simulated campaigns with drawn contacts, of which every customer's uplift is known.",
    ),
)
