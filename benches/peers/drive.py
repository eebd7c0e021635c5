"""Loads all systems, asks them all, and writes down ratios: see README.md."""

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import answers
import click
import duck
import memory
import questions as q
import report
import tenants
from postgres import Postgres
from tessera import Tessera

HERE = Path(__file__).parent


def size(name: str, default: int) -> int:
    return int(os.environ.get(f"TESSERA_PEERS_{name}", default))


POINTS = size("POINTS", 10_000_000)
TENANTS = size("TENANTS", 1_000)
INGEST = size("INGEST_POINTS", min(POINTS, 1_000_000))
ROUNDS = size("ROUNDS", 5)
MANY_TENANTS = size("MANY_TENANTS", 100_000)
SECTIONS = os.environ.get("TESSERA_PEERS_SECTIONS", "questions,ingest,memory,tenants").split(",")


def say(text: str) -> None:
    print(time.strftime("%H:%M:%S"), text, file=sys.stderr, flush=True)


def points(binary: str, work: Path) -> tuple[Path, dict]:
    """The generated points, made once for each size."""
    folder = work / f"points-{POINTS}-{TENANTS}-{INGEST}"
    about = folder / "tenants.json"
    if not about.exists():
        say(f"writing {POINTS} points of {TENANTS} tenants to {folder}")
        subprocess.run([binary, "generate", folder, str(POINTS), str(TENANTS), str(INGEST)], check=True)
    return folder, json.loads(about.read_text())


def chosen(about: dict) -> dict[str, tuple[str, int]]:
    """A big tenant, one of the middle and a small one, with their points."""
    counts = about["tenants"]
    ranks = {"big": 1, "mid": max(1, len(counts) // 45), "small": max(1, len(counts) // 2)}
    return {name: (f"t{rank:04}", counts[rank - 1]) for name, rank in ranks.items()}


class Measured(dict):
    """Milliseconds by question, tenant and system."""

    def add(self, question: str, tenant: str, system: str, took: list[float]) -> None:
        self.setdefault(f"{question}/{tenant}/{system}", []).extend(took)


def patiently(ask, question: str, tenant: str, spent: dict, key: str):
    """Asks as often as fits in a moment, at least once, at most 40 times."""
    times = min(40, max(1, int(250 / spent.get(key, 250))))
    took, rows = ask(question, tenant, times)
    spent[key] = statistics.median(took)
    return took, rows


def start(running: contextlib.ExitStack, *systems):
    """Starts systems, which are stopped with `running`."""
    for make, *arguments in systems:
        system = make(*arguments)
        running.callback(system.stop)
        yield system


def ask_all(work: Path, folder: Path, about: dict) -> dict:
    binary = os.environ["TESSERA_PEERS_BINARY"]
    with contextlib.ExitStack() as running:
        systems = list(start(running, (Tessera, binary, work / "tessera"), (duck.Duck, work / "duckdb"),
                             (click.Click, work), (Postgres, work / "postgres")))
        result = ask_these(folder, about, *systems)
    result["first_ms"] = first_times(binary, work, about)
    return result


def ask_these(folder: Path, about: dict, tessera, ducks, clicks, postgres) -> dict:
    result: dict = {"load_s": {}, "bytes_per_point": {}}
    for system in [tessera, ducks, clicks, postgres]:
        say(f"loading {system.name}")
        result["load_s"][system.name] = system.load(folder)
    result["bytes_per_point"] = {
        **tessera.bytes_per_point(),
        "duckdb": ducks.size / POINTS,
        "clickhouse, dimensions as text": clicks.size["points"] / POINTS,
        "clickhouse, dimensions as JSON type": clicks.size["points_json"] / POINTS,
        "postgres": postgres.size[0] / POINTS,
        "postgres, its index": postgres.size[1] / POINTS,
    }
    raw = {
        "tessera": tessera.raw, "duckdb": ducks.raw, "duckdb sorted": ducks.raw_sorted,
        "clickhouse text": clicks.raw, "clickhouse json": clicks.raw_json, "postgres": postgres.raw,
    }
    rolled_up = {
        "tessera sql": tessera.rolled_up, "duckdb": ducks.rolled_up,
        "clickhouse": clicks.rolled_up, "postgres": postgres.rolled_up,
    }
    times, spent = Measured(), {}
    for round_ in range(ROUNDS + 1):
        say(f"questions, round {round_} of {ROUNDS}" + (" (to warm up and to compare)" * (not round_)))
        for size_, (tenant, _) in chosen(about).items():
            for question, kinds in q.COLUMNS.items():
                expected = None
                asks = [(f"raw/{name}", ask) for name, ask in raw.items()]
                if question in q.ON_ROLLUPS:
                    asks += [(f"roll-up/{name}", ask) for name, ask in rolled_up.items()]
                for name, ask in asks:
                    key = f"{question}/{size_}/{name}"
                    took, rows = patiently(ask, question, tenant, spent, key)
                    got = answers.normal(question, kinds, rows)
                    expected = got if expected is None else expected
                    answers.must_equal(f"{question} of {tenant}, {name}", expected, got)
                    if round_:
                        times.add(question, size_, name, took)
                dashboards(tessera, question, size_, tenant, expected, times, round_)
            if round_:
                took = tessera.do("session", tenant=tenant, times=40)["ms"]
                times.add("session", size_, "roll-up/tessera", took)
    result["memory_bytes"] = tessera.do("process")
    result["ms"] = times
    return result


SHOWN = {"totals": ("30d", False), "compare": ("30d", True), "series": ("1y", False)}


def dashboards(tessera, question, size_, tenant, expected, times, round_) -> None:
    """The dashboard that answers a question, and much more, in one call."""
    if question not in SHOWN:
        return
    shown = tessera.dashboard(tenant, *SHOWN[question], times=40 if round_ else 5)
    rows = {
        "totals": [row[:5] for row in shown["totals"]],
        "compare": [row[:3] + row[4:] for row in shown["totals"]],
        "series": shown["days"],
    }[question]
    rows = [[0 if cell is None else cell for cell in row] for row in rows]
    got = answers.normal(question, q.COLUMNS[question], rows)
    # A ratio is no sum: the dashboard shows another number for it. A year of
    # local days that ends today leaves out the day on which the points begin.
    sums = [row for row in expected if "campaign_conversion" not in row]
    if question == "series":
        first = min(row[2] for row in sums)
        sums, got = ([row for row in rows if row[2] > first] for rows in (sums, got))
    answers.must_equal(f"{question} of {tenant}, dashboard", sorted(sums), sorted(got))
    if round_:
        times.add(question, size_, "roll-up/tessera", shown["ms"])


def first_times(binary: str, work: Path, about: dict) -> dict:
    """The first dashboard and the first query after a start."""
    tessera, first = Tessera(binary, work / "tessera"), {}
    for size_, (tenant, _) in chosen(about).items():
        first[f"year's dashboard, {size_}"] = tessera.dashboard(tenant, "1y", False, 1)["ms"][0]
    for size_, (tenant, _) in chosen(about).items():
        first[f"raw totals, {size_}"] = tessera.raw("totals", tenant, 1)[0][0]
    first["start"] = tessera.started_s * 1e3
    tessera.stop()
    return first


def ingest_all(work: Path, folder: Path) -> dict:
    with contextlib.ExitStack() as running:
        systems = start(running, (Tessera, os.environ["TESSERA_PEERS_BINARY"], work / "tessera-ingest"),
                        (click.Click, work), (Postgres, work / "postgres"))
        result = ingest_these(work, folder, *systems)
    shutil.rmtree(work / "tessera-ingest")
    return result


def ingest_these(work: Path, folder: Path, tessera, clicks, postgres) -> dict:
    """Points per second, in turn, so that a drift of the machine meets all."""
    rates: dict[str, list[float]] = {}
    small: dict[str, dict] = {}
    made = iter(range(10_000))

    def tenants_(count: int) -> list[str]:
        names = [f"writer-{next(made)}" for _ in range(count)]
        tessera.do("tenants", names=names)
        return names

    def send(file: str, body: int, writers: int, tenants: int, limit: int | None = None) -> dict:
        return tessera.do("ingest", file=str(folder / file), body=body, writers=writers,
                          tenants=tenants_(tenants), limit=limit)

    runs = {
        "tessera, 1 writer": lambda: send("ingest.ndjson", 50_000, 1, 1)["seconds"],
        "duckdb": lambda: duck.ingest(folder, work),
        "tessera, 2 writers": lambda: send("ingest.ndjson", 50_000, 2, 2)["seconds"],
        "clickhouse, dimensions as text": lambda: clicks.ingest(folder, "String"),
        "tessera, 1 writer, event ids": lambda: send("events.ndjson", 50_000, 1, 1)["seconds"],
        "clickhouse, dimensions as JSON type": lambda: clicks.ingest(folder, "JSON"),
        "tessera, 2 writers, event ids": lambda: send("events.ndjson", 50_000, 2, 2)["seconds"],
        "postgres, COPY of text rows": lambda: postgres.ingest(folder),
    }
    for round_ in range(ROUNDS):
        for name, run in runs.items():
            rates.setdefault(name, []).append(INGEST / run())
        say(f"ingest, round {round_ + 1} of {ROUNDS}")
    few = min(INGEST, 400_000)
    kinds = {
        "500 points, 16 writers": (500, 16, 16, few),
        "single points, 64 writers of a tenant each": (1, 64, 64, few // 50),
        "single points, 64 writers of one tenant": (1, 64, 1, few // 100),
    }
    for _ in range(3):
        for name, (body, writers, tenants, limit) in kinds.items():
            got = send("ingest.ndjson", body, writers, tenants, limit)
            add_small(small, f"tessera, {name}", got["points"] / got["seconds"], got["ms"])
        for name, (batch, clients) in {"500 points, 16 writers": (500, 16),
                                       "single points, 64 writers": (1, 64)}.items():
            rate, took = postgres.small(folder, work, batch, clients, 4)
            add_small(small, f"postgres INSERT, {name}", rate, took)
    return {"rates": rates, "small": small, "memory_bytes": tessera.do("process")}


def add_small(small: dict, name: str, rate: float, took: list[float]) -> None:
    entry = small.setdefault(name, {"rates": [], "ms": []})
    entry["rates"].append(rate)
    entry["ms"].extend(took)


def main() -> None:
    work = Path(os.environ["TESSERA_PEERS_WORK"])
    work.mkdir(parents=True, exist_ok=True)
    work.chmod(0o755)
    binary = os.environ["TESSERA_PEERS_BINARY"]
    folder, about = points(binary, work)
    results = work / f"results-{POINTS}.json"
    found = json.loads(results.read_text()) if results.exists() else {}
    found["sizes"] = {
        "points": POINTS, "tenants": TENANTS, "ingest": INGEST, "rounds": ROUNDS,
        "chosen": chosen(about), "many_tenants": MANY_TENANTS,
    }
    steps = {
        "questions": lambda: ask_all(work, folder, about),
        "ingest": lambda: ingest_all(work, folder),
        "memory": lambda: memory.measure(os.environ["TESSERA_PEERS_SERVER"], work, folder, say),
        "tenants": lambda: tenants.measure(binary, work, folder, MANY_TENANTS, say),
    }
    for name in SECTIONS:
        for left in ["tessera", "tessera-ingest", "duckdb", "clickhouse", "postgres"]:
            shutil.rmtree(work / left, ignore_errors=True)
        measured = steps[name]()
        found[name] = {"date": str(date.today()), "load": os.getloadavg()[2], **measured}
        results.write_text(json.dumps(found))
    text = report.markdown(found)
    print(text)
    (HERE / "RESULTS.md").write_text(text)


if __name__ == "__main__":
    main()
