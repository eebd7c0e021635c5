"""Memory of `tessera serve`: idle, and while 16 writers send what they can."""

import http.client
import itertools
import json
import socket
import subprocess
import threading
import time
from pathlib import Path

WRITERS = 16
BODY_LINES = 500
SECONDS = 20


def measure(server: str, work: Path, folder: Path, say) -> dict:
    data_dir = work / "served"
    data_dir.mkdir(exist_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    child = subprocess.Popen([server, "serve", "--listen", f"127.0.0.1:{port}", "--data-dir", data_dir],
                             stdout=subprocess.DEVNULL, stderr=open(work / "serve.log", "w"))
    try:
        wait(port)
        time.sleep(5)
        result = {"idle": use(child.pid)}
        say(f"idle: {result['idle']}")
        keys = [key(server, data_dir, f"writer-{i}") for i in range(WRITERS)]
        lines = (folder / "ingest.ndjson").read_bytes().splitlines(keepends=True)
        bodies = itertools.cycle(
            [b"".join(lines[i:i + BODY_LINES]) for i in range(0, len(lines) - BODY_LINES, BODY_LINES)])
        result |= write(child.pid, port, keys, bodies)
        say(f"writing: {result}")
    finally:
        child.terminate()
        child.wait(60)
        subprocess.run(["rm", "-rf", data_dir], check=True)
    return result


def wait(port: int) -> None:
    for _ in range(600):
        try:
            at = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            at.request("GET", "/health")
            if at.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server does not answer")


def key(server: str, data_dir: Path, tenant: str) -> str:
    run = lambda *arguments: subprocess.run(
        [server, *arguments, "--data-dir", data_dir], check=True, capture_output=True, text=True).stdout
    run("tenant", "create", tenant, "--plan", "enterprise")
    return run("key", "create", "--tenant", tenant).strip()


def write(pid: int, port: int, keys: list[str], bodies) -> dict:
    end, lock, sent, failures = time.time() + SECONDS, threading.Lock(), [], []

    def writer(key_: str) -> None:
        at = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"authorization": f"Bearer {key_}", "content-type": "application/x-ndjson"}
        while time.time() < end:
            with lock:
                body = next(bodies)
            at.request("POST", "/api/analytics/data-points", body, headers)
            answer = at.getresponse()
            text = answer.read()
            if answer.status >= 300:
                failures.append((answer.status, text[:200].decode()))
                return
            sent.append(json.loads(text)["accepted"])

    threads = [threading.Thread(target=writer, args=(key_,)) for key_ in keys]
    started = time.time()
    for thread in threads:
        thread.start()
    seen = []
    while any(thread.is_alive() for thread in threads):
        seen.append(use(pid))
        time.sleep(0.5)
    if failures:
        raise RuntimeError(f"{len(failures)} bodies failed, first {failures[0]}")
    return {
        "rate": sum(sent) / (time.time() - started),
        "writing_server": max(s["server"] for s in seen),
        "writing_postgres": max(s["postgres"] for s in seen),
        "seconds": SECONDS,
    }


def use(pid: int) -> dict:
    """Resident bytes of the server; proportional set size of its Postgres,
    whose processes share pages."""
    return {"server": status(pid, "status", "VmRSS:"),
            "postgres": sum(status(p, "smaps_rollup", "Pss:") for p in below(pid))}


def status(pid: int, file: str, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name)), 0)


def below(pid: int) -> list[int]:
    """All descendants."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += [int(child), *below(int(child))]
    return found
