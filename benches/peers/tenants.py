"""A catalog of 100 tenants beside one of very many: starting, ingest, a dashboard.

All tenants of both catalogs have their rows: tenant, version, metrics,
dimension keys, usage and one data file in the object store. One hundred are
made through the engine; the rest are copies of their rows.
"""

import shutil
import statistics
from pathlib import Path

from tessera import Tessera

MADE = 100
POINTS_EACH = 200
ROUNDS = 6
# Soon after the first points of the year, which these tenants have.
NOW = "2024-07-10T12:00:00Z"

COPY = """
set session_replication_role = replica;
create temp table extra as
    select 'copy-' || lpad(n::text, 7, '0') as tenant_id,
           'made-' || lpad((n % {made})::text, 3, '0') as template from generate_series(1, {extra}) n;
insert into analytics.tenant
    select e.tenant_id, t.plan, t.time_zone, t.window_unit, t.created_at
    from extra e join analytics.tenant t on t.tenant_id = e.template;
insert into analytics.data_file
    select (jsonb_populate_record(f, jsonb_build_object('tenant_id', e.tenant_id,
        'file_id', gen_random_uuid(),
        'object_key', replace(f.object_key, f.tenant_id, e.tenant_id)))).*
    from extra e join analytics.data_file f on f.tenant_id = e.template
    where f.removed_version is null;
{others}
analyze;
"""
OTHERS = ["tenant_version", "dimension_key", "metric", "usage"]


def measure(binary: str, work: Path, folder: Path, many: int, say) -> dict:
    folders = {MADE: work / "tenants-few", many: work / "tenants-many"}
    for count, at in folders.items():
        shutil.rmtree(at, ignore_errors=True)
        fill(binary, at, folder, count, say)
    took: dict[str, dict[int, list[float]]] = {}
    for round_ in range(ROUNDS):
        running = {}
        for count, at in folders.items():
            running[count] = Tessera(binary, at)
            note(took, "start-up", count, [running[count].started_s * 1e3])
        for part in range(5):
            for count, tessera in sorted(running.items(), reverse=bool(part % 2)):
                new = f"made-{part:03}"
                sent = tessera.do("ingest", file=str(folder / "ingest.ndjson"), body=500, writers=1,
                                  tenants=[new], limit=10_000)
                note(took, "ingest of 500 points", count, sent["ms"])
                shown = tessera.dashboard("made-099", "30d", True, 100, NOW)["ms"]
                note(took, "dashboard of 30 days", count, shown)
                note(took, "session", count, tessera.do("session", tenant="made-099", times=100)["ms"])
        for tessera in running.values():
            tessera.stop()
        say(f"tenants, round {round_ + 1} of {ROUNDS}")
    result = {"ms": {what: {str(c): v for c, v in by.items()} for what, by in took.items()},
              "looks_ms": looks(binary, folders), "many": many, "few": MADE}
    for at in folders.values():
        shutil.rmtree(at)
    return result


def note(took: dict, what: str, count: int, ms: list[float]) -> None:
    took.setdefault(what, {}).setdefault(count, []).extend(ms)


def fill(binary: str, at: Path, folder: Path, count: int, say) -> None:
    tessera = Tessera(binary, at)
    names = [f"made-{n:03}" for n in range(MADE)]
    tessera.do("tenants", names=names)
    for name in names:
        tessera.do("ingest", file=str(folder / "ingest.ndjson"), body=POINTS_EACH, writers=1,
                   tenants=[name], limit=POINTS_EACH)
    tessera.do("compact", tenants=names)
    if count > MADE:
        say(f"copying tenants until there are {count}")
        others = "\n".join(
            f"""insert into analytics.{table} select (jsonb_populate_record(o,
                jsonb_build_object('tenant_id', e.tenant_id))).*
                from extra e join analytics.{table} o on o.tenant_id = e.template;"""
            for table in OTHERS)
        tessera.do("catalog", sql=COPY.format(made=MADE, extra=count - MADE, others=others))
    have = tessera.do("catalog", sql="""select (select count(*) from analytics.tenant),
        (select count(distinct tenant_id) from analytics.data_file where removed_version is null)""")
    say(f"catalog of tenants | tenants with files: {have['text'].strip()}")
    tessera.stop()


LOOKS = {
    "whom to flush": """select tenant_id from analytics.data_file
        where removed_version is null and object_key is null group by tenant_id
        having count(*) >= 256 or sum(bytes) >= 16777216
            or min(created_at) < now() - make_interval(secs => 60)
        order by sum(bytes) desc limit 64""",
    "whom to compact": """select distinct tenant_id from analytics.data_file
        where removed_version is null and object_key is not null and bytes < 6291456
        group by tenant_id, window_name having count(*) >= 8 limit 64""",
    "what to sweep": """select tenant_id, file_id from analytics.data_file
        where removed_version is not null and removed_at < now() - make_interval(secs => 7200)
        order by removed_at limit 256""",
    "expired events": "select ctid from analytics.event_seen where expires_at < now() limit 20000",
}


def looks(binary: str, folders: dict[int, Path]) -> dict:
    """Execution time of what background work asks every two seconds."""
    result: dict = {}
    for count, at in folders.items():
        tessera = Tessera(binary, at)
        for name, sql in LOOKS.items():
            times, plan = [], ""
            for _ in range(5):
                plan = tessera.do("catalog", sql="set role tessera_maintenance; explain (analyze) " + sql)["text"]
                times.append(float(plan.rsplit("Execution Time: ", 1)[1].split()[0]))
            result.setdefault(name, {})[str(count)] = {"ms": statistics.median(times), "plan": plan}
        tessera.stop()
    return result
