import assert from "node:assert/strict";
import test from "node:test";
import { LimitReached, PointsRejected, Problem, Unavailable, Unreachable } from "../dist/index.js";
import { makeClient } from "./server.mjs";

const revenue = { platform: "coreldove", metricType: "revenue", metricName: "order_revenue" };
const count = "select count(*) as n, sum(metric_value) as total from analytics_data_points";

/**
 * A network in front of the real server that fails as it is told: after the
 * server has answered (`lost`), or instead of it.
 * @param {("lost" | "away" | Response)[]} faults
 */
function flaky(...faults) {
  /** @type {string[]} */
  const keys = [];
  /** @type {number[]} */
  const waits = [];
  /** @type {typeof fetch} */
  const network = async (address, init) => {
    keys.push(new Headers(init?.headers).get("Idempotency-Key") ?? "");
    const fault = faults.shift();
    if (fault instanceof Response) return fault;
    if (fault !== "away") {
      const response = await fetch(address, init);
      if (fault === undefined) return response;
      await response.text();
    }
    throw new TypeError("fetch failed");
  };
  const sleep = async (/** @type {number} */ seconds) => void waits.push(seconds);
  return { keys, waits, fetch: network, sleep };
}

/** @param {number} status @param {string} [retryAfter] */
function refused(status, retryAfter) {
  const said = { title: "refused", detail: "not now", limit: { name: "ingest_points_per_day" } };
  return new Response(JSON.stringify(said), { status, headers: retryAfter ? { "Retry-After": retryAfter } : {} });
}

test("a point comes back with every digit", async () => {
  const client = makeClient();
  const value = "1234567890123456.123456789";
  const recordedAt = new Date("2026-03-01T12:30:00.123Z");
  const ingested = await client.record({ ...revenue, value, recordedAt, dimensions: { country: "Côte d'Ivoire" } });
  assert.equal(ingested.accepted, 1);
  const query = "select metric_value, recorded_at, dimensions->>'country' as country from analytics_data_points";
  const answer = await client.sql(query, [], { decimals: "string" });
  assert.equal(answer.rows[0]?.metric_value, value);
  assert.equal(new Date(String(answer.rows[0]?.recorded_at)).getTime(), recordedAt.getTime());
  assert.equal(answer.rows[0]?.country, "Côte d'Ivoire");
});

test("a faulty point is named and the others are kept", async () => {
  const client = makeClient();
  const points = [{ ...revenue, value: 1 }, { ...revenue, platform: "", value: 2 }];
  const ingested = await client.send(points);
  assert.deepEqual([ingested.accepted, ingested.rejected_count], [1, 1]);
  assert.deepEqual([ingested.rejected[0]?.index, ingested.rejected[0]?.field], [1, "platform"]);
  await assert.rejects(client.send(points, { strict: true }), PointsRejected);
  await assert.rejects(client.record({ ...revenue, platform: "", value: 2 }), PointsRejected);
  assert.equal((await client.sql(count)).rows[0]?.n, 1);
});

test("what cannot be sent is refused before it is sent", async () => {
  const client = makeClient({ url: "http://127.0.0.1:1" });
  for (const value of [NaN, Infinity, "12,5", "", "0x10", "1}"]) {
    await assert.rejects(client.record({ ...revenue, value }), TypeError);
  }
  await assert.rejects(client.record({ ...revenue, value: 1, recordedAt: new Date("never") }), RangeError);
});

test("an event becomes the points of its registration, once", async () => {
  const client = makeClient();
  const order = { id: "o-3", customer_id: "c-7", total_amount: 99.5, items: ["a", "b"] };
  const first = await client.collect("coreldove", "order_placed", order, { idempotencyKey: "o-3" });
  assert.ok(first.accepted >= 1);
  assert.deepEqual(await client.collect("coreldove", "order_placed", order, { idempotencyKey: "o-3" }), first);
  await assert.rejects(client.collect("coreldove", "order_placed", { id: "o-4" }), PointsRejected);
  await assert.rejects(
    client.collect("coreldove", "order_placed", { id: "o-9" }, { idempotencyKey: "o-3" }),
    (error) => error instanceof Problem && error.status === 422,
  );
});

test("a batch sends when it is full and at its end", async () => {
  const client = makeClient();
  const batch = client.batch({ maxPoints: 1000 });
  for (let number = 0; number < 2500; number++) {
    await batch.record({ ...revenue, value: number, eventId: `o-${number}` });
  }
  assert.deepEqual([batch.accepted, batch.waiting], [2000, 500]);
  await batch.record({ ...revenue, value: 1, metricName: "" });
  await batch.flush();
  assert.deepEqual([batch.accepted, batch.waiting, batch.rejectedCount], [2500, 0, 1]);
  assert.deepEqual([batch.rejected[0]?.field, batch.rejected[0]?.point.value], ["metric_name", 1]);
  const answer = await client.sql(count);
  assert.deepEqual(answer.rows, [{ n: 2500, total: 3123750 }]);
});

test("points that are recorded without waiting are sent once each", async () => {
  const client = makeClient();
  const batch = client.batch({ maxPoints: 7 });
  await Promise.all(Array.from({ length: 100 }, (_, value) => batch.record({ ...revenue, value })));
  await batch.flush();
  assert.deepEqual([batch.accepted, batch.waiting], [100, 0]);
  assert.deepEqual((await client.sql(count)).rows, [{ n: 100, total: 4950 }]);
});

test("a waiting point keeps the time at which it was recorded", async () => {
  const client = makeClient();
  const batch = client.batch();
  const before = Date.now();
  await batch.record({ ...revenue, value: 1 });
  const after = Date.now();
  await batch.flush();
  const answer = await client.sql("select recorded_at from analytics_data_points");
  const recorded = new Date(String(answer.rows[0]?.recorded_at)).getTime();
  assert.ok(before <= recorded && recorded <= after);
});

test("a body whose answer was lost counts once", async () => {
  const network = flaky("lost", "away");
  const client = makeClient({ fetch: network.fetch, retry: { sleep: network.sleep } });
  const ingested = await client.record({ ...revenue, value: 1 });
  assert.equal(ingested.accepted, 1);
  assert.equal(network.keys.length, 3);
  assert.equal(new Set(network.keys).size, 1);
  assert.equal((await client.sql(count)).rows[0]?.n, 1);
  const [first = 0, second = 0] = network.waits;
  assert.ok(first >= 0.25 && first <= 0.5 && second >= 0.5 && second <= 1);
});

test("Retry-After is obeyed", async () => {
  const network = flaky(refused(429, "7"), refused(503, "2"));
  const client = makeClient({ fetch: network.fetch, retry: { sleep: network.sleep } });
  assert.equal((await client.record({ ...revenue, value: 1 })).accepted, 1);
  assert.deepEqual(network.waits, [7, 2]);
});

test("a limit that waiting does not lift is thrown at once", async () => {
  for (const retryAfter of [undefined, "40000"]) {
    const network = flaky(refused(429, retryAfter));
    const client = makeClient({ fetch: network.fetch, retry: { sleep: network.sleep } });
    await assert.rejects(
      client.record({ ...revenue, value: 1 }),
      (error) => error instanceof LimitReached && error.limit?.name === "ingest_points_per_day",
    );
    assert.deepEqual(network.waits, []);
  }
});

test("what did not go stays and goes later under its key", async () => {
  const network = flaky("lost", "away", refused(503));
  const client = makeClient({ fetch: network.fetch, retry: { sleep: network.sleep, attempts: 2 } });
  const batch = client.batch();
  await batch.record({ ...revenue, value: 1 });
  await assert.rejects(batch.flush(), Unreachable);
  await batch.record({ ...revenue, value: 2 });
  assert.deepEqual([batch.accepted, batch.waiting], [0, 2]);
  await batch.flush();
  assert.deepEqual([batch.accepted, batch.waiting], [2, 0]);
  assert.equal(new Set(network.keys).size, 2);
  assert.deepEqual((await client.sql(count)).rows, [{ n: 2, total: 3 }]);
});

test("attempts end", async () => {
  const network = flaky(refused(503, "1"), refused(503, "1"), refused(503, "1"), refused(503, "1"));
  const client = makeClient({ fetch: network.fetch, retry: { sleep: network.sleep, attempts: 3 } });
  await assert.rejects(client.record({ ...revenue, value: 1 }), Unavailable);
  assert.deepEqual(network.waits, [1, 1]);
});
