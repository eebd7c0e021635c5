// What people do on the pages, on a real server.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { join } from "node:path";
import { open, settled, shoot, shots, signIn, startBrowser, startServer } from "./server.mjs";

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

test("a_condition_on_points_holds_for_every_panel_and_stands_in_the_address", async () => {
  const { context, page, faults } = await signedIn("/app/platforms/coreldove");
  const all = await value(page, "Order revenue");
  await page.getByRole("button", { name: "Filter", exact: true }).click();
  const form = page.getByRole("dialog", { name: "New filter" });
  await form.getByLabel("Dimension").selectOption("customer_type");
  await form.getByLabel("new", { exact: true }).check();
  await form.getByRole("button", { name: "Add filter" }).click();
  await page.waitForURL(/where=customer_type:in:new/);
  await settled(page);
  const some = await value(page, "Order revenue");
  assert.notEqual(some, all);
  assert.equal(await page.getByRole("button", { name: /^returning/ }).count(), 0);
  await page.reload();
  await settled(page);
  assert.equal(await value(page, "Order revenue"), some);
  await page.getByRole("button", { name: "Take away: customer type is new" }).click();
  await settled(page);
  assert.equal(await value(page, "Order revenue"), all);
  assert.deepEqual(faults, []);
  await context.close();
});

test("days_can_be_hours_and_be_compared_with_a_year_before", async () => {
  const { context, page, faults } = await signedIn();
  await page.keyboard.press("t");
  await page.getByLabel("Compare with").selectOption("year");
  await page.getByRole("button", { name: "Today" }).click();
  await page.waitForURL((url) => url.searchParams.get("range") === "1d" && url.searchParams.get("compare") === "year");
  await settled(page);
  await page.getByRole("img", { name: /^Revenue by platform by hour/ }).waitFor();
  assert.deepEqual(faults, []);
  await context.close();
});

test("exploring_goes_from_a_metric_to_a_table_to_sql", async () => {
  const { context, page, faults } = await signedIn("/app/explore");
  await page.getByRole("button", { name: "Order revenue" }).click();
  await page.getByRole("region", { name: "Order revenue", exact: true }).waitFor();
  await page.getByPlaceholder("a dimension").fill("customer_type");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.waitForURL(/dim=customer_type/);
  await page.getByRole("button", { name: "Whole range" }).click();
  await page.getByRole("region", { name: "Order revenue by customer type", exact: true }).getByRole("button", { name: /^returning/ }).waitFor();
  const rows = page.getByRole("region", { name: "Order revenue by customer type, as rows" });
  const cell = await rows.getByRole("row", { name: /^returning/ }).getByRole("cell").nth(1).innerText();
  await page.getByRole("link", { name: "As SQL" }).click();
  await page.getByRole("heading", { name: "SQL" }).waitFor();
  await page.getByRole("button", { name: /^Run/ }).click();
  const answered = page.getByRole("region", { name: "Answer" }).getByRole("row", { name: /^returning/ }).getByRole("cell").nth(1);
  assert.equal(Number(await answered.innerText()), Number(cell.replaceAll(",", "")), "SQL says the same");
  await page.goBack();
  await page.goBack();
  await page.waitForURL(/explore.*over=all/);
  assert.deepEqual(faults, []);
  await context.close();
});

test("wrong_maths_is_refused_with_what_to_ask_instead", async () => {
  const { context, page } = await signedIn("/app/explore?m=bizoholic/conversions/campaign_conversion!avg");
  const refused = page.getByRole("alert");
  await refused.waitFor();
  assert.match(await refused.innerText(), /ratio/i);
  await shoot(page, "refused");
  await context.close();
});

test("a_panel_is_taken_away_as_a_picture", async () => {
  const { context, page, faults } = await signedIn("/app/platforms/coreldove");
  for (const name of ["Order revenue by day", "Order revenue by customer type"]) {
    await page.getByRole("button", { name: `More about ${name}` }).click();
    const arrives = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download picture" }).click();
    const file = await arrives;
    assert.match(file.suggestedFilename(), /^order-revenue-by-.*\.png$/);
    const { statSync } = await import("node:fs");
    assert.ok(statSync(await file.path()).size > 4_000, "a picture with something on it");
    await file.saveAs(join(shots, `picture-${file.suggestedFilename()}`));
  }
  assert.deepEqual(faults, []);
  await context.close();
});

test("a_key_is_shown_once_works_and_is_revoked", async () => {
  const { context, page, faults } = await signedIn("/app/keys", server.makeKey("demo-pro", "admin"));
  await page.getByRole("button", { name: "Make a key" }).click();
  const dialog = page.getByRole("dialog", { name: "Make a key" });
  await dialog.getByLabel("What people call it").fill("for a test");
  await shoot(page, "keys-make");
  await dialog.getByRole("button", { name: "Make the key" }).click();
  const made = await page.locator("[data-secret]").innerText();
  assert.match(made.trim(), /^tsk_/);
  const asks = () => fetch(`${server.url}/api/analytics/metrics`, { headers: { Authorization: `Bearer ${made.trim()}` } });
  assert.equal((await asks()).status, 200);
  await page.getByRole("button", { name: "I have kept it" }).click();
  assert.ok(!(await page.content()).includes(made.trim()));
  await page.getByRole("button", { name: "Revoke for a test" }).click();
  await page.getByRole("button", { name: "Revoke it" }).click();
  await page.getByRole("row", { name: /for a test.*revoked/ }).waitFor();
  // Servers look for revoked keys every few seconds.
  const began = Date.now();
  while ((await asks()).status !== 401) {
    assert.ok(Date.now() - began < 15_000, "the key still works");
    await page.waitForTimeout(500);
  }
  assert.deepEqual(faults, []);
  await context.close();
});

test("a_query_says_its_cost_and_becomes_an_endpoint", async () => {
  const { context, page, faults } = await signedIn("/app/sql", server.makeKey("demo-pro", "admin"));
  await page.locator(".cm-content").waitFor();
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+A");
  await page.keyboard.press("Delete");
  await page.keyboard.insertText("select count(*) as n from analytics_data_points where platform = 'coreldove'");
  await page.getByRole("button", { name: "Cost" }).click();
  await page.getByRole("region", { name: "Cost" }).getByText(/Would read .* in \d+ file/).waitFor();
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+A");
  await page.keyboard.press("Delete");
  await page.keyboard.insertText("select count(*) as n from analytics_data_points where platform = $platform");
  await page.getByRole("button", { name: "Save as endpoint" }).click();
  const dialog = page.getByRole("dialog", { name: "Save as endpoint" });
  await dialog.getByLabel("Name, as it stands in the address").fill("points-of");
  await shoot(page, "sql-endpoint");
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByRole("dialog", { name: "Saved as points-of" }).getByText("endpoints/points-of?platform=").waitFor();
  const called = await fetch(`${server.url}/api/analytics/endpoints/points-of?platform=coreldove`, {
    headers: { Authorization: `Bearer ${server.keys["demo-pro"]}` },
  });
  assert.ok((await called.json()).rows[0][0] > 1_000);
  assert.deepEqual(faults, []);
  await context.close();
});

test("the_operator_changes_a_plan_and_the_key_stays_nowhere", async () => {
  const { context, page, faults } = await open(browser, server.url);
  await page.goto(`${server.url}/app/operator`);
  await page.getByLabel("Platform key").fill("tpk_wrong");
  await page.getByRole("button", { name: "Open the console" }).click();
  await page.getByRole("alert").waitFor();
  const operator = server.makeOperatorKey();
  await page.getByLabel("Platform key").fill(operator);
  await page.getByRole("button", { name: "Open the console" }).click();
  await page.getByRole("button", { name: "demo-free" }).click();
  const dialog = page.getByRole("dialog", { name: "demo-free" });
  await dialog.getByLabel(/^Exports per day/).fill("7");
  await shoot(page, "operator-tenant");
  await dialog.getByRole("button", { name: /^Change exports per day/ }).click();
  await dialog.getByRole("button", { name: "Nothing changed" }).waitFor();
  await page.waitForTimeout(500);
  assert.equal(await dialog.getByLabel(/^Exports per day/).inputValue(), "7");
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "Records" }).click();
  await page.getByRole("region", { name: "Records" }).first().getByText("demo-free").first().waitFor();
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie + location.href);
  assert.ok(!kept.includes("tpk_"));
  await page.reload();
  await page.getByLabel("Platform key").waitFor();
  assert.deepEqual(faults, []);
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

test("the_editor_completes_functions_and_columns", async () => {
  const { context, page } = await signedIn("/app/sql");
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+A");
  await page.keyboard.type("select time_b");
  await page.locator(".cm-tooltip-autocomplete").getByText("time_bucket").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("select daily_metrics.metric_d");
  await page.locator(".cm-tooltip-autocomplete").getByText("metric_date").waitFor();
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
  await page.route("**/api/analytics/query*", async (route) => {
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
