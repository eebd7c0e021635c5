import assert from "node:assert/strict";
import { createServer } from "node:http";
import test from "node:test";
import { IncompleteAnswer, Problem, Tessera, Unreachable } from "../dist/index.js";
import { makeClient, makeKey, url } from "./server.mjs";

const revenue = { platform: "coreldove", metricType: "revenue", metricName: "order_revenue" };

/** Revenue of two countries on three days, in summer time. */
async function shop() {
  const client = makeClient();
  const points = [
    { value: "10.10", country: "France", day: 1 },
    { value: "4.07", country: "Spain", day: 1 },
    { value: "0.000000001", country: "France", day: 3 },
  ].map(({ value, country, day }) => ({
    ...revenue,
    value,
    dimensions: { country },
    recordedAt: `2026-07-0${day}T12:00:00Z`,
  }));
  assert.equal((await client.send(points)).accepted, 3);
  return client;
}

test("rows are objects by the columns' names, of the caller's type", async () => {
  const client = await shop();
  const answer = await client.sql(
    "select $1 as who, count(*) as n, sum(metric_value) as total from analytics_data_points",
    ["it's"],
  );
  assert.deepEqual(answer.rows, [{ who: "it's", n: 3, total: 14.170000001 }]);
  assert.deepEqual(answer.columns.map(({ name }) => name), ["who", "n", "total"]);
  assert.ok(answer.complete && answer.queryId && answer.version >= 1);
});

test("a cut answer is no answer unless one is asked for", async () => {
  const client = new Tessera({ url, key: makeKey("free") });
  const query = "select value from generate_series(1, 10001)";
  await assert.rejects(client.sql(query), IncompleteAnswer);
  assert.equal((await client.sql(query, [], { allowCut: true })).rows.length, 10_000);
});

test("a fault says where it is", async () => {
  const client = makeClient();
  await assert.rejects(
    client.sql("select\n  metric_valu from analytics_data_points"),
    (error) => error instanceof Problem && error.status === 400 && error.line === 2 && error.column === 3,
  );
});

test("a structured question has rows by name and totals", async () => {
  const client = await shop();
  const answer = await client.ask({
    metrics: ["coreldove/revenue/order_revenue", { metric: "coreldove/revenue/order_revenue", aggregate: "count", as: "orders" }],
    dimensions: ["country"],
    filters: [{ dimension: "country", operator: "in", values: ["France"] }],
    time_range: { from: "2026-07-01", to: "2026-07-03" },
    granularity: "day",
    fill: "zero",
    totals: true,
    decimals: "string",
  });
  assert.deepEqual(answer.columns.map(({ role }) => role), ["time", "dimension", "metric", "metric"]);
  assert.deepEqual(answer.rows.map((row) => Number(row.orders)), [1, 0, 1]);
  assert.equal(answer.totals[0]?.value, "10.100000001");
  assert.equal(answer.time_zone, "Europe/London");
});

test("an export is a stream of bytes with a name", async () => {
  const client = await shop();
  const file = await client.export({ sql: "select metric_date, value from daily_metrics order by 1" }, "csv");
  const text = await new Response(file.body).text();
  assert.deepEqual(text.trim().split(/\r?\n/).length, 3);
  assert.match(file.filename ?? "", /\.csv$/);
  await assert.rejects(client.export({ sql: "select nonsense" }, "csv"), Problem);
});

test("other routes are asked by their path", async () => {
  const client = await shop();
  const said = /** @type {{ metrics: { metric_name: string }[] }} */ (await client.request("GET", "/api/analytics/metrics"));
  assert.deepEqual(said.metrics.map(({ metric_name }) => metric_name), ["order_revenue"]);
});

test("a key of nobody is refused", async () => {
  const client = new Tessera({ url, key: "tsk_nobody" });
  await assert.rejects(client.sql("select 1"), (error) => error instanceof Problem && error.status === 401);
});

test("a question that takes too long is not asked twice, and one that is left ends", async (t) => {
  let asked = 0;
  const silent = createServer(() => void asked++).listen(0, "127.0.0.1");
  t.after(() => {
    silent.closeAllConnections();
    silent.close();
  });
  await new Promise((ready) => silent.once("listening", ready));
  const { port } = /** @type {import("node:net").AddressInfo} */ (silent.address());
  const client = new Tessera({ url: `http://127.0.0.1:${port}`, key: "k", timeoutSeconds: 0.2 });
  await assert.rejects(client.sql("select 1"), Unreachable);
  assert.equal(asked, 1);
  const left = AbortSignal.timeout(20);
  await assert.rejects(client.sql("select 1", [], { signal: left }), { name: "TimeoutError" });
});
