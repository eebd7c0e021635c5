// What people do on the pages, on a real server.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { open, settled, shoot, signIn, startBrowser, startServer } from "./server.mjs";

let server;
let browser;
before(async () => {
  server = await startServer();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function signedIn(path = "/", key = server.keys["demo-pro"]) {
  const window = await open(browser, server.url);
  await window.page.goto(server.url + path);
  await signIn(window.page, key);
  await settled(window.page);
  return window;
}

const value = (page, name) => page.getByRole("region", { name, exact: true }).locator(".value").getAttribute("title");

test("a_key_signs_in_and_no_script_can_read_it", async () => {
  const { context, page, faults } = await open(browser, server.url);
  await page.goto(`${server.url}/app/metrics`);
  await page.getByLabel("API key").fill("tsk_wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").getByText("unknown, expired or revoked").waitFor();
  await signIn(page, server.keys["demo-pro"]);
  await page.getByRole("heading", { name: "Metrics" }).first().waitFor();
  const readable = await page.evaluate(() => document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage }));
  assert.ok(!readable.includes("tsk_") && !readable.includes("tessera_session"), readable);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("API key").waitFor();
  assert.deepEqual(faults, []);
  await context.close();
});

test("a_session_that_ended_asks_for_a_key_and_comes_back_to_the_page", async () => {
  const { context, page } = await signedIn("/app/platforms/coreldove?range=7d");
  const cookies = await context.cookies();
  await context.addCookies(cookies.map((c) => ({ ...c, value: `${c.value.slice(0, -4)}AAAA` })));
  await page.reload();
  await page.getByText("The session has ended").waitFor();
  await signIn(page, server.keys["demo-pro"]);
  assert.match(page.url(), /coreldove\?range=7d$/);
  await page.getByRole("region", { name: "Orders", exact: true }).waitFor();
  await context.close();
});

test("the_time_range_is_in_the_address_and_survives_reload_and_back", async () => {
  const { context, page, faults } = await signedIn();
  const month = await value(page, "Orders");
  await page.keyboard.press("t");
  await page.getByRole("button", { name: "Last 7 days" }).click();
  await page.waitForURL(/range=7d/);
  await settled(page);
  const week = await value(page, "Orders");
  assert.notEqual(week, month);
  await page.reload();
  await settled(page);
  assert.equal(await value(page, "Orders"), week);
  await page.goBack();
  await settled(page);
  assert.equal(await value(page, "Orders"), month);
  assert.deepEqual(faults, []);
  await context.close();
});

test("a_platform_filter_leaves_only_what_it_names", async () => {
  const { context, page } = await signedIn();
  const all = await value(page, "Revenue");
  await page.getByRole("group", { name: "Platforms" }).getByRole("button", { name: "E-commerce" }).click();
  await page.waitForURL(/platform=coreldove/);
  assert.notEqual(await value(page, "Revenue"), all);
  assert.equal(await page.getByRole("region", { name: "Conversion", exact: true }).count(), 0);
  await context.close();
});

test("a_bar_leads_to_the_points_behind_it", async () => {
  const { context, page, faults } = await signedIn("/app/platforms/coreldove");
  await page.getByRole("button", { name: /returning/ }).click();
  const dialog = page.getByRole("dialog", { name: /returning/ });
  await dialog.getByRole("region", { name: "Points" }).waitFor();
  assert.ok((await dialog.getByRole("row").count()) > 10);
  const link = page.url();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await page.goto(link);
  await page.getByRole("dialog", { name: /returning/ }).getByRole("link", { name: "Open as SQL" }).click();
  await page.getByRole("heading", { name: "SQL" }).waitFor();
  await page.getByRole("button", { name: /^Run/ }).click();
  await page.getByRole("region", { name: "Answer" }).getByText("200 rows").waitFor();
  assert.deepEqual(faults, []);
  await context.close();
});

test("a_number_says_what_it_is", async () => {
  const { context, page } = await signedIn();
  await page.getByRole("button", { name: "What Conversion is" }).click();
  const said = page.getByRole("dialog", { name: "What Conversion is" });
  for (const text of ["never an average of rates", "roll-ups", "version"]) await said.getByText(text).first().waitFor();
  await context.close();
});

test("sql_runs_by_keyboard_says_where_it_is_wrong_and_is_remembered", async () => {
  const { context, page, faults } = await signedIn("/app/sql");
  const write = async (text) => {
    await page.locator(".cm-content").click();
    await page.keyboard.press("Control+A");
    // Text put over coloured text makes Chromium itself try an inline style.
    await page.keyboard.press("Delete");
    await page.keyboard.insertText(text);
    await page.keyboard.press("Control+Enter");
  };
  await page.locator(".cm-content").waitFor();
  await write("select metric_date, sum(value) as total from daily_metrics where metric_type = 'revenue' group by metric_date");
  const answer = page.getByRole("region", { name: "Answer" });
  await answer.getByText(/rows and .* scanned/).waitFor();
  await answer.getByRole("tab", { name: "Chart" }).click();
  await page.getByRole("img", { name: "Chart of total" }).waitFor();
  const arrives = page.waitForEvent("download");
  await answer.getByRole("button", { name: "CSV" }).click();
  assert.match((await arrives).suggestedFilename(), /^query-v\d+\.csv$/);
  await write("select nonsense from daily_metrics");
  await page.getByRole("alert").getByText(/nonsense.*line 1/).waitFor();
  await page.reload();
  await page.getByRole("complementary", { name: "Tables and history" }).getByRole("button", { name: /sum\(value\) as total/ }).waitFor();
  assert.deepEqual(faults, []);
  await context.close();
});

test("the_editor_completes_the_tenants_own_tables", async () => {
  const { context, page } = await signedIn("/app/sql");
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+A");
  await page.keyboard.type("select * from daily_m");
  await page.locator(".cm-tooltip-autocomplete").getByText("daily_metrics").waitFor();
  await context.close();
});

test("a_rejected_point_is_mended_and_sent_again", async () => {
  const key = server.keys["demo-starter"];
  const bad = { platform: "coreldove", metric_type: "revenue", metric_name: "order_revenue", value: "<script>alert(1)</script>" };
  await server.post("/api/analytics/data-points", key, [bad, { ...bad, value: 5 }]);
  const { context, page, faults } = await signedIn("/app/quality", key);
  await page.getByRole("region", { name: "Rejected points" }).getByRole("row").nth(1).getByRole("button").click();
  const dialog = page.getByRole("dialog", { name: "Rejected point" });
  await shoot(page, "quality-mend");
  await dialog.getByLabel("The point").fill(JSON.stringify({ ...bad, value: 7 }));
  await dialog.getByRole("button", { name: "Send it as it stands here" }).click();
  await page.getByRole("status").getByText("1 accepted").waitFor();
  await page.getByText("No rejected points").waitFor();
  assert.deepEqual(faults, []);
  await context.close();
});

test("an_export_arrives_as_a_file", async () => {
  const { context, page, faults } = await signedIn("/app/exports");
  const arrives = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export", exact: true }).click();
  assert.match((await arrives).suggestedFilename(), /^demo-pro-daily_metrics-v\d+\.csv$/);
  await page.getByRole("status").getByText("has arrived whole").waitFor();
  assert.deepEqual(faults, []);
  await context.close();
});

test("hostile_values_are_inert_on_every_page", async () => {
  const hostile = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>`;
  server.makeTenant("hostile");
  const key = server.makeKey("hostile", "ingest,read,export");
  const points = Array.from({ length: 40 }, (_, n) => ({
    platform: "coreldove",
    metric_type: "revenue",
    metric_name: n % 2 ? "order_revenue" : hostile.slice(0, 60),
    value: n + 1,
    dimensions: { customer_type: hostile, "k'\"<b>": hostile },
    recorded_at: new Date(Date.now() - n * 3_600_000).toISOString(),
  }));
  const sent = await server.post("/api/analytics/data-points", key, points);
  assert.equal(sent.status, 200, await sent.text());
  const { context, page, faults } = await signedIn("/", key);
  await page.getByText(hostile).first().waitFor();
  for (const path of ["/app/platforms/coreldove", "/app/metrics", "/app/quality", "/app/platforms/%3Cscript%3E"]) {
    await page.goto(server.url + path);
    await settled(page);
    await shoot(page, `hostile${path.replaceAll(/[^a-z]+/g, "-")}`);
  }
  await page.goto(`${server.url}/app/platforms/coreldove`);
  await settled(page);
  await page.locator(".chart").first().hover();
  await page.locator(".bars button").first().click();
  await page.getByRole("dialog").getByRole("region", { name: "Points" }).waitFor();
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.deepEqual(faults, []);
  await context.close();
});

test("a_panel_that_fails_says_so_and_the_rest_stands", async () => {
  const { context, page } = await open(browser, server.url);
  await page.route("**/api/analytics/sql*", (route) =>
    route.fulfill({ status: 503, contentType: "application/problem+json", body: '{"title":"away","detail":"the store is away","hint":"try again","status":503}' }),
  );
  await page.goto(`${server.url}/app/platforms/bizoholic`);
  await signIn(page, server.keys["demo-pro"]);
  await page.getByRole("region", { name: "Clicks to revenue" }).getByText("The store is away").waitFor({ timeout: 20_000 });
  await page.getByRole("region", { name: "Campaign revenue", exact: true }).waitFor();
  await shoot(page, "failed-panel");
  await context.close();
});

test("slow_answers_are_awaited_by_skeletons", async () => {
  const { context, page } = await open(browser, server.url);
  await page.goto(server.url);
  await signIn(page, server.keys["demo-pro"]);
  await page.route("**/api/analytics/dashboard*", async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await route.continue();
  });
  await page.reload();
  await page.getByRole("img", { name: "Loading" }).first().waitFor();
  await shoot(page, "slow");
  await page.getByRole("region", { name: "Revenue", exact: true }).waitFor();
  await context.close();
});

test("keys_lead_to_pages_and_to_help", async () => {
  const { context, page } = await signedIn();
  await page.keyboard.press("g");
  await page.keyboard.press("s");
  await page.waitForURL(/\/app\/sql/);
  await page.getByRole("heading", { name: "SQL" }).waitFor();
  await page.locator("body").press("?");
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  await context.close();
});
