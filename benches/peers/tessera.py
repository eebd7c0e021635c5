"""Tessera in a process of its own, without HTTP: see ../peers.rs."""

import json
import subprocess
from pathlib import Path

import questions as q


class Tessera:
    name = "tessera"

    def __init__(self, binary: str, data_dir: Path):
        data_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir = data_dir
        self.child = subprocess.Popen(
            [binary, "answer"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.started_s = self.do("start", data_dir=str(data_dir))["seconds"]

    def do(self, what: str, **arguments) -> dict:
        print(json.dumps({"do": what, **arguments}), file=self.child.stdin, flush=True)
        line = self.child.stdout.readline()
        if not line:
            raise RuntimeError(f"tessera ended during {what}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{what}: {answer['error']}")
        return answer

    def stop(self) -> None:
        self.do("stop")
        self.child.wait(60)

    def load(self, folder: Path) -> float:
        return self.do("load", file=str(folder / "points.ndjson"))["seconds"]

    def bytes_per_point(self) -> dict[str, float]:
        """Of live files; replaced ones wait two hours to be swept."""
        live = "from analytics.data_file where removed_version is null"
        sums = self.do(
            "catalog",
            sql=f"select sum(bytes), sum(coalesce(length(rollup), 0)), sum(rows), count(*) {live}",
        )["text"]
        data, rollups, rows, files = map(int, sums.strip().split("|"))
        keys = self.do(
            "catalog", sql=f"select unnest(array_remove(array[rollup_key, detail_key], null)) {live}"
        )["text"]
        large = sum((self.data_dir / "objects" / key).stat().st_size for key in keys.split())
        return {
            f"tessera, {files:,} files": data / rows,
            "tessera, its roll-ups": (rollups + large) / rows,
        }

    def raw(self, question: str, tenant: str, times: int):
        answer = self.do("sql", tenant=tenant, sql=q.raw(q.TESSERA, question, None), times=times)
        return answer["ms"], answer["rows"]

    def rolled_up(self, question: str, tenant: str, times: int):
        sql = q.rolled_up(q.TESSERA, question, None)
        answer = self.do("sql", tenant=tenant, sql=sql, times=times)
        return answer["ms"], answer["rows"]

    def dashboard(self, tenant: str, range_: str, compare: bool, times: int, now: str = q.NOW) -> dict:
        return self.do(
            "dashboard", tenant=tenant, range=range_, compare=compare, now=now, times=times
        )
