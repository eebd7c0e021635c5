"""Postgres in a cluster of its own: a plain table with an index, a daily roll-up."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import psycopg

import questions as q

TABLE = """(tenant_id text, platform text, metric_type text, metric_name text,
    metric_value numeric(25,9), recorded_at timestamptz, dimensions jsonb)"""
COLUMNS = "(tenant_id, platform, metric_type, metric_name, metric_value, recorded_at, dimensions)"
INDEX = "(tenant_id, platform, recorded_at desc, metric_value)"
SETTINGS = {
    "listen_addresses": "", "fsync": "on", "synchronous_commit": "on", "shared_buffers": "1GB",
    "work_mem": "64MB", "maintenance_work_mem": "512MB", "max_wal_size": "4GB",
    "max_connections": "120", "timezone": "UTC", "effective_cache_size": "4GB",
}


def binary(name: str) -> str:
    """The newest installed, where Tessera looks too."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda f: int(f.parent.name))
    return str(folders[-1] / name) if folders else shutil.which(name) or name


class Postgres:
    name = "postgres"

    def __init__(self, folder: Path):
        self.data, self.socket = folder / "data", folder
        folder.mkdir(parents=True, exist_ok=True)
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
        if not self.data.exists():
            self.as_user(binary("initdb"), "-D", self.data, "-A", "trust", "-U", "peers",
                         "--locale=C", "--encoding=UTF8", "--data-checksums")
        options = [f"-c {k}={v}" for k, v in SETTINGS.items()] + [f"-k {self.socket}"]
        self.as_user(binary("pg_ctl"), "-D", self.data, "-w", "-l", folder / "log",
                     "-o", " ".join(options), "start")
        self.dsn = f"host={self.socket} user=peers dbname=postgres"
        self.at = psycopg.connect(self.dsn, autocommit=True)

    def as_user(self, *command) -> None:
        """Postgres refuses to run as root."""
        prefix = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        subprocess.run([*prefix, *map(str, command)], check=True, cwd="/tmp",
                       stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        self.at.close()
        self.as_user(binary("pg_ctl"), "-D", self.data, "-w", "-m", "fast", "stop")

    def copy(self, table: str, file: Path) -> None:
        with self.at.cursor() as cursor, open(file, "rb") as rows:
            with cursor.copy(f"copy {table} {COLUMNS} from stdin") as copy:
                while block := rows.read(1 << 20):
                    copy.write(block)

    def load(self, folder: Path) -> float:
        started = time.perf_counter()
        self.at.execute(f"create table points {TABLE}")
        self.copy("points", folder / "points.tsv")
        self.at.execute(f"create index on points {INDEX}")
        took = time.perf_counter() - started
        self.at.execute("""create table daily as select tenant_id, platform, metric_type, metric_name,
            date_trunc('day', recorded_at)::date as day, count(*) as points, sum(metric_value) as total
            from points group by 1, 2, 3, 4, 5""")
        self.at.execute("create index on daily (tenant_id, day)")
        self.at.execute("vacuum analyze points")
        self.at.execute("vacuum analyze daily")
        sizes = self.at.execute("select pg_table_size('points'), pg_indexes_size('points')")
        self.size = sizes.fetchone()
        return took

    def ask(self, sql: str, times: int):
        """The answer is on this side when `execute` is over; making Python
        values of it is not counted."""
        took = []
        for _ in range(times):
            started = time.perf_counter()
            cursor = self.at.execute(sql)
            took.append((time.perf_counter() - started) * 1e3)
        return took, cursor.fetchall()

    def raw(self, question, tenant, times):
        return self.ask(q.raw(q.POSTGRES, question, tenant), times)

    def rolled_up(self, question, tenant, times):
        return self.ask(q.rolled_up(q.POSTGRES, question, tenant), times)

    def ingest(self, folder: Path) -> float:
        """Seconds of one COPY into the indexed table; text rows were made before."""
        self.at.execute("drop table if exists ingest")
        self.at.execute(f"create table ingest {TABLE}")
        self.at.execute(f"create index on ingest {INDEX}")
        started = time.perf_counter()
        self.copy("ingest", folder / "ingest.tsv")
        took = time.perf_counter() - started
        self.at.execute("drop table ingest")
        return took

    def small(self, folder: Path, work: Path, batch: int, clients: int, seconds: int):
        """INSERTs of `batch` points by `clients` connections: points/s and latencies in ms."""
        self.at.execute("drop table if exists small")
        self.at.execute(f"create table small {TABLE}")
        self.at.execute(f"create index on small {INDEX}")
        with open(folder / "ingest.tsv") as rows:
            values = [row.rstrip("\n").split("\t") for _, row in zip(range(batch), rows)]
        made = ", ".join("(" + ", ".join(f"'{v}'" for v in row) + ")" for row in values)
        # A colon before a letter would be a variable to pgbench.
        script = work / "small.sql"
        script.write_text(f"insert into small {COLUMNS} values {made};\n")
        for old in work.glob("small.log*"):
            old.unlink()
        subprocess.run(
            [binary("pgbench"), "-n", "-h", self.socket, "-U", "peers", "-f", script, "-c", str(clients),
             "-j", "2", "-T", str(seconds), "-l", "--log-prefix", work / "small.log", "postgres"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        took = [int(line.split()[2]) / 1e3 for log in work.glob("small.log*")
                for line in log.read_text().splitlines()]
        self.at.execute("drop table small")
        return len(took) * batch / seconds, took
