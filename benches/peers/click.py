"""ClickHouse in this process (chdb): dimensions as text and as the JSON type."""

import time
from pathlib import Path

from chdb import session

import questions as q

READ = """'JSONEachRow', '{tenant}platform LowCardinality(String), metric_type LowCardinality(String),
    metric_name LowCardinality(String), value Decimal(18,4), recorded_at DateTime64(3, \\'UTC\\'),
    dimensions {kind}'"""
# As Tessera does, an insert is over when it is on disk.
SETTINGS = "settings fsync_after_insert = 1, fsync_part_directory = 1"


def table(name: str, kind: str) -> str:
    return f"""create table {name} (tenant_id LowCardinality(String),
        platform LowCardinality(String), metric_type LowCardinality(String),
        metric_name LowCardinality(String), metric_value Decimal(18,4),
        recorded_at DateTime64(3, 'UTC'), dimensions {kind})
        engine = MergeTree order by (tenant_id, platform, metric_type, metric_name, recorded_at)
        {SETTINGS}"""


def insert(name: str, file: Path, kind: str, tenant: str) -> str:
    own = "tenant_id LowCardinality(String), " if tenant == "tenant_id" else ""
    read = READ.format(tenant=own, kind=kind)
    return f"""insert into {name} select {tenant}, platform, metric_type, metric_name, value,
        recorded_at, dimensions from file('{file}', {read})
        settings date_time_input_format = 'best_effort'"""


class Click:
    name = "clickhouse"

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.at = session.Session(str(folder / "clickhouse"))
        self.run("create database if not exists peers")
        self.run("use peers")

    def run(self, sql: str) -> str:
        return self.at.query(sql, "TabSeparated").bytes().decode()

    def stop(self) -> None:
        self.at.close()

    def load(self, folder: Path) -> float:
        started = time.perf_counter()
        self.run(table("points", "String"))
        self.run(insert("points", folder / "points.ndjson", "String", "tenant_id"))
        took = time.perf_counter() - started
        self.run(table("points_json", "JSON"))
        self.run(insert("points_json", folder / "points.ndjson", "JSON", "tenant_id"))
        self.run(f"""create table daily engine = MergeTree
            order by (tenant_id, platform, metric_type, metric_name, day) {SETTINGS}
            as select tenant_id, platform, metric_type, metric_name, toDate(recorded_at) as day,
            count() as points, sum(metric_value) as total from points group by all""")
        for name in ["points", "points_json", "daily"]:
            self.run(f"optimize table {name} final")
        self.size = {
            name: int(self.run(
                f"""select sum(bytes_on_disk) from system.parts
                where active and database = 'peers' and table = '{name}'"""
            ))
            for name in ["points", "points_json"]
        }
        return took

    def ask(self, sql: str, times: int):
        took = []
        for _ in range(times):
            started = time.perf_counter()
            answer = self.at.query(sql, "TabSeparated").bytes()
            took.append((time.perf_counter() - started) * 1e3)
        return took, [line.split("\t") for line in answer.decode().splitlines()]

    def raw(self, question, tenant, times):
        return self.ask(q.raw(q.CLICKHOUSE, question, tenant), times)

    def raw_json(self, question, tenant, times):
        return self.ask(q.raw(q.CLICKHOUSE_JSON, question, tenant), times)

    def rolled_up(self, question, tenant, times):
        return self.ask(q.rolled_up(q.CLICKHOUSE, question, tenant), times)

    def ingest(self, folder: Path, kind: str) -> float:
        """Seconds until the points are in parts on disk, not yet merged."""
        self.run("drop table if exists ingest")
        self.run(table("ingest", kind))
        started = time.perf_counter()
        self.run(insert("ingest", folder / "ingest.ndjson", kind, "'ingest'"))
        took = time.perf_counter() - started
        self.run("drop table ingest")
        return took
