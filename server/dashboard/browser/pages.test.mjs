// Each page: nothing that axe finds serious, no complaint of the browser, no
// other host asked, nothing cut off from a phone to a wall.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { open, settled, shoot, signIn, startBrowser, startServer } from "./server.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const folder = join(import.meta.dirname, "..");

const PAGES = {
  overview: "/",
  marketing: "/app/platforms/bizoholic",
  ecommerce: "/app/platforms/coreldove",
  directory: "/app/platforms/business_directory",
  gaming: "/app/platforms/thrillring",
  trading: "/app/platforms/quanttrade",
  explore: "/app/explore",
  "explore-chart": "/app/explore?m=coreldove/revenue/order_revenue,bizoholic/revenue/campaign_revenue&dim=platform&as=bars",
  "explore-bars": "/app/explore?m=business_directory/engagement/listing_views&dim=category&over=all",
  hours: "/?range=1d",
  year: "/?range=12m&compare=year",
  filtered: "/?where=customer_type:in:new",
  keys: "/app/keys",
  usage: "/app/usage",
  sql: "/app/sql",
  exports: "/app/exports",
  quality: "/app/quality",
  metrics: "/app/metrics",
  keep: "/app/keep",
  health: "/app/health",
  nowhere: "/app/nowhere",
  drill: "/?drill=coreldove/revenue/order_revenue&of=customer_type:in:new",
};

let server;
let browser;
let key;
let operatorKey;
before(async () => {
  server = await startServer();
  browser = await startBrowser();
  key = server.makeKey("demo-enterprise", "admin");
  operatorKey = server.makeOperatorKey();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** What axe finds serious, as "rule: where". */
async function serious(page) {
  // Run outside of the page's own policy, as an extension would.
  const found = await page.evaluate(`${axe}; axe.run(document, { resultTypes: ["violations"] })`);
  return found.violations
    .filter((v) => v.impact === "serious" || v.impact === "critical")
    .flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(" ")}`));
}

for (const dark of [false, true]) {
  test(`each_page_is_accessible_and_quiet_in_${dark ? "dark" : "light"}`, async () => {
    const { context, page, faults } = await open(browser, server.url, { dark });
    await page.goto(server.url);
    await page.getByLabel("API key").waitFor();
    assert.deepEqual(await serious(page), [], "sign-in");
    await shoot(page, `sign-in${dark ? "-dark" : ""}`);
    await signIn(page, key);
    for (const [name, path] of Object.entries(PAGES)) {
      await page.goto(server.url + path);
      await settled(page);
      assert.equal(await page.getByRole("alert").count(), 0, `${name} shows no error`);
      assert.deepEqual(await serious(page), [], name);
      await shoot(page, `${name}${dark ? "-dark" : ""}`);
    }
    assert.deepEqual(faults, []);
    await context.close();
  });
}

const TABS = ["tenants", "plans", "usage", "queries", "audit", "health"];

test("the_operators_console_is_accessible_and_fits_at_every_width", async () => {
  for (const width of [320, 768, 1280, 2560]) {
    const { context, page, faults } = await open(browser, server.url, { width, height: 800, dark: width === 768 });
    await page.goto(`${server.url}/app/operator`);
    assert.deepEqual(await serious(page), [], "sign-in");
    await page.getByLabel("Platform key").fill(operatorKey);
    await page.getByRole("button", { name: "Open the console" }).click();
    for (const tab of TABS) {
      await page.getByRole("navigation", { name: "Parts" }).getByRole("link").nth(TABS.indexOf(tab)).click();
      await settled(page);
      assert.equal(await page.getByRole("alert").count(), 0, `${tab} shows no error`);
      assert.deepEqual(await serious(page), [], `${tab} at ${width}`);
      assert.equal(await overflow(page), 0, `${tab} at ${width}`);
      await shoot(page, `operator-${tab}-${width}`);
    }
    assert.deepEqual(faults, []);
    await context.close();
  }
});

/** By how many pixels the page is wider than its window. */
function overflow(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

test("nothing_is_cut_off_from_a_phone_to_a_wall", async () => {
  for (const width of [320, 768, 1280, 2560]) {
    const { context, page, faults } = await open(browser, server.url, { width, height: 800 });
    await page.goto(server.url);
    await signIn(page, key);
    for (const name of ["overview", "marketing", "explore-chart", "sql", "keys", "usage", "metrics", "keep"]) {
      await page.goto(server.url + PAGES[name]);
      await settled(page);
      assert.equal(await overflow(page), 0, `${name} at ${width}`);
      await shoot(page, `${name}-${width}`);
    }
    assert.deepEqual(faults, []);
    await context.close();
  }
});

test("the_first_page_comes_with_less_than_250_kib_of_script", async () => {
  const { context, page } = await open(browser, server.url);
  await page.goto(server.url);
  await signIn(page, key);
  await page.goto(server.url);
  await settled(page);
  const scripts = await page.evaluate(() =>
    performance.getEntriesByType("resource").filter((e) => e.name.endsWith(".js")).map((e) => [e.name, e.encodedBodySize]),
  );
  const bytes = scripts.reduce((all, [, size]) => all + size, 0);
  console.log(`script of the overview, compressed: ${bytes} bytes in ${scripts.length} files`);
  assert.ok(scripts.length > 0 && bytes > 0 && bytes < 250 * 1024, `${bytes} bytes`);
  await context.close();
});

test("the_pages_compile_against_this_servers_own_document", () => {
  const copy = mkdtempSync(join(folder, ".check-"));
  try {
    for (const name of ["src", "tsconfig.json", "vite.config.ts"]) cpSync(join(folder, name), join(copy, name), { recursive: true });
    const env = { ...process.env, TESSERA_URL: server.url };
    execFileSync("node", [join(folder, "scripts/types.mjs"), join(copy, "src/api/schema.ts")], { env });
    execFileSync(join(folder, "node_modules/.bin/tsc"), ["--noEmit", "-p", copy], { encoding: "utf8" });
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});
