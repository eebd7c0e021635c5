"""The measured figures as Markdown."""

import math
import os
import statistics

import questions as q

MIB = 1 << 20


def quantile(values: list[float], share: float) -> float:
    """Nearest rank."""
    ordered = sorted(values)
    return ordered[max(1, math.ceil(len(ordered) * share)) - 1]


def number(value: float) -> str:
    return f"{value:,.2f}" if value < 10 else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def p50_p99(values: list[float] | None) -> str:
    if not values:
        return "-"
    return f"{number(quantile(values, 0.5))} / {number(quantile(values, 0.99))}"


def markdown(found: dict) -> str:
    sizes = found["sizes"]
    memory = int(next(line.split()[1] for line in open("/proc/meminfo") if line.startswith("MemTotal")))
    lines = [
        "# Beside DuckDB, ClickHouse and Postgres",
        "",
        "Written by `make peers`; the [README](README.md) says what is measured and how. "
        f"{os.cpu_count()} cores, {round(memory / MIB)} GiB, everything on one local disk. "
        f"{sizes['points']:,} points of {sizes['tenants']:,} tenants over a year.",
        "",
    ]
    for section in [questions, ingest, memory_, tenants]:
        lines += section(found)
    return "\n".join(lines)


def dated(found: dict, name: str) -> str:
    load = found[name].get("load")
    shared = f", load average {load:.1f} over the last 15 minutes" if load else ""
    return f"Measured {found[name]['date']}{shared}."


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    rule = ["---", *["---:"] * (len(head) - 1)]
    return ["| " + " | ".join(row) + " |" for row in [head, rule, *rows]] + [""]


RAW = ["tessera", "duckdb", "duckdb sorted", "clickhouse text", "clickhouse json", "postgres"]
ROLLED = ["tessera", "tessera sql", "duckdb", "clickhouse", "postgres"]


def questions(found: dict) -> list[str]:
    if "questions" not in found:
        return []
    ms, lines = found["questions"]["ms"], []
    for size, (_, points) in found["sizes"]["chosen"].items():
        lines += [f"## The {size} tenant, {points:,} points", "",
                  f"p50 / p99 in milliseconds. {dated(found, 'questions')} All answers were equal.", "",
                  "Roll-up questions. *dashboard*: one call that answers the question with all other "
                  "panels; *tessera sql*: from `daily_metrics`; the others: from a hand-made table of days. The last two "
                  "columns say how many times as long as Tessera the best peer took, by medians.", ""]
        rows = []
        for question in q.ON_ROLLUPS:
            took = {name: ms.get(f"{question}/{size}/roll-up/{name}") for name in ROLLED}
            raw = {name: ms.get(f"{question}/{size}/raw/{name}") for name in RAW}
            own = took["tessera"] or took["tessera sql"]
            rows.append([q.TITLES[question], *[p50_p99(took[name]) for name in ROLLED],
                         ratio(own, best(raw)), ratio(own, best(took))])
        rows.append(["session: version check and snapshot",
                     p50_p99(ms.get(f"session/{size}/roll-up/tessera")), *["-"] * 6])
        lines += table(["question", "dashboard", *ROLLED[1:], "best peer's raw", "best peer's roll-up"], rows)
        lines += ["Questions over raw points, in SQL; the last two columns as above, against DuckDB's table in the "
                  "order of arrival and against the best peer.", ""]
        rows = []
        for question, title in q.TITLES.items():
            took = {name: ms.get(f"{question}/{size}/raw/{name}") for name in RAW}
            rows.append([title, *[p50_p99(took[name]) for name in RAW],
                         ratio(took["tessera"], took["duckdb"]), ratio(took["tessera"], best(took))])
        lines += table(["question", *RAW, "duckdb", "best peer"], rows)
    first = found["questions"]["first_ms"]
    lines += table(["after a start", "ms"], [[name, number(took)] for name, took in first.items()])
    lines += ["## Size on disk and load", ""]
    sizes = found["questions"]["bytes_per_point"]
    lines += table(["system", "bytes a point"], [[name, number(size)] for name, size in sizes.items()])
    return lines


def best(took: dict) -> list[float] | None:
    peers = {name: values for name, values in took.items() if values and not name.startswith("tessera")}
    return min(peers.values(), key=statistics.median, default=None)


def ratio(own: list[float] | None, other: list[float] | None) -> str:
    if not own or not other:
        return "-"
    return f"**{number(statistics.median(other) / statistics.median(own))}×**"


def ingest(found: dict) -> list[str]:
    if "ingest" not in found:
        return []
    part = found["ingest"]
    points = found["sizes"]["ingest"]
    lines = ["## Ingest", "", f"{points:,} points of NDJSON from a file into a durable table: median, "
             f"lowest and highest of {found['sizes']['rounds']} runs, the systems in turn. "
             f"{dated(found, 'ingest')} Tessera's points are in columns, sorted and rolled up then; its bodies "
             "have 50,000 points, and each writer has a tenant. The others' tables have no roll-ups.", ""]
    lines += table(["system", "points/s", "lowest", "highest"], [
        [name, *[f"{value:,.0f}" for value in (statistics.median(rates), min(rates), max(rates))]]
        for name, rates in part["rates"].items()])
    lines += table(["small batches, durable", "points/s", "p50 / p99 ms"], [
        [name, f"{statistics.median(entry['rates']):,.0f}", p50_p99(entry["ms"])]
        for name, entry in part["small"].items()])
    return lines


def memory_(found: dict) -> list[str]:
    if "memory" not in found:
        return []
    part = found["memory"]
    mib = lambda size: f"{size / MIB:,.0f}"
    lines = ["## Memory of `tessera serve`", "",
             f"MiB; Postgres is its private one, all processes, shared pages counted once. {dated(found, 'memory')}", ""]
    rate = f"{part['rate']:,.0f} points/s"
    return lines + table(["", "server", "its Postgres"], [
        ["idle, new", mib(part["idle"]["server"]), mib(part["idle"]["postgres"])],
        [f"16 writers over HTTP, bodies of 500, {rate}: highest of {part['seconds']} s",
         mib(part["writing_server"]), mib(part["writing_postgres"])]])


def tenants(found: dict) -> list[str]:
    if "tenants" not in found:
        return []
    part = found["tenants"]
    few, many = str(part["few"]), str(part["many"])
    heads = [f"{part['few']:,} tenants", f"{part['many']:,} tenants"]
    lines = ["## Many tenants", "", f"p50 / p99 in milliseconds, two engines side by side in turn. {dated(found, 'tenants')}", ""]
    lines += table(["", *heads, "ratio of medians"], [
        [what, p50_p99(by[few]), p50_p99(by[many]),
         f"{statistics.median(by[many]) / statistics.median(by[few]):.2f}"]
        for what, by in part["ms"].items()])
    lines += ["What background work asks of the catalog every two seconds, execution time in milliseconds:", ""]
    return lines + table(["", *heads], [
        [name, number(by[few]["ms"]), number(by[many]["ms"])] for name, by in part["looks_ms"].items()])
