"""DuckDB: a table with dimensions as JSON, one sorted by tenant, a daily roll-up."""

import time
from pathlib import Path

import duckdb

import questions as q

COLUMNS = """{platform: 'VARCHAR', metric_type: 'VARCHAR', metric_name: 'VARCHAR',
    value: 'DECIMAL(18,4)', recorded_at: 'TIMESTAMP', dimensions: 'JSON'"""
TABLE = """(tenant_id VARCHAR, platform VARCHAR, metric_type VARCHAR, metric_name VARCHAR,
    metric_value DECIMAL(18,4), recorded_at TIMESTAMP, dimensions JSON)"""


def insert(file: Path, tenant: str) -> str:
    extra = ", tenant_id: 'VARCHAR'" if tenant == "tenant_id" else ""
    return f"""insert into points select {tenant}, platform, metric_type, metric_name, value,
        recorded_at, dimensions
        from read_json('{file}', format = 'newline_delimited', columns = {COLUMNS}{extra}}})"""


class Duck:
    name = "duckdb"

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "points.duckdb"
        self.at = duckdb.connect(str(self.path), config={"memory_limit": "4GB"})
        self.at.execute("set timezone = 'UTC'")

    def stop(self) -> None:
        self.at.close()

    def load(self, folder: Path) -> float:
        started = time.perf_counter()
        self.at.execute(f"create table points {TABLE}")
        self.at.execute(insert(folder / "points.ndjson", "tenant_id"))
        self.at.execute("checkpoint")
        took = time.perf_counter() - started
        self.size = self.path.stat().st_size
        self.at.execute("""create table points_sorted as select * from points
            order by tenant_id, platform, metric_type, metric_name, recorded_at""")
        self.at.execute("""create table daily as select tenant_id, platform, metric_type,
            metric_name, cast(recorded_at as date) as day, count(*) as points,
            sum(metric_value) as total
            from points group by all order by tenant_id, platform, metric_type, metric_name, day""")
        self.at.execute("checkpoint")
        return took

    def ask(self, sql: str, times: int):
        took = []
        for _ in range(times):
            started = time.perf_counter()
            self.at.sql(sql).to_arrow_table()
            took.append((time.perf_counter() - started) * 1e3)
        return took, self.at.execute(sql).fetchall()

    def raw(self, question, tenant, times):
        return self.ask(q.raw(q.DUCKDB, question, tenant), times)

    def raw_sorted(self, question, tenant, times):
        return self.ask(q.raw(q.DUCKDB_SORTED, question, tenant), times)

    def rolled_up(self, question, tenant, times):
        return self.ask(q.rolled_up(q.DUCKDB, question, tenant), times)


def ingest(folder: Path, work: Path) -> float:
    """Seconds to a durable table."""
    path = work / "ingest.duckdb"
    at = duckdb.connect(str(path), config={"memory_limit": "4GB"})
    at.execute("set timezone = 'UTC'")
    at.execute(f"create table points {TABLE}")
    started = time.perf_counter()
    at.execute(insert(folder / "ingest.ndjson", "'ingest'"))
    at.execute("checkpoint")
    took = time.perf_counter() - started
    at.close()
    path.unlink()
    return took
