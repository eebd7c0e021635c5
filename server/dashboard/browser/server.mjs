// A real server with its demo, on a port and in a folder of its own, and a
// browser that has signed in to it. With TESSERA_PAGES_DIR the pages are those
// of that folder, so that they can be tried without compiling the server.

import { spawn, execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { startFront } from "./front.mjs";

const binary = process.env.TESSERA_BINARY ?? "tessera";
/** Pages to look at in place of those in the binary. */
const pages = process.env.TESSERA_PAGES_DIR;
export const shots = process.env.TESSERA_SCREENSHOTS ?? join(tmpdir(), "tessera-screenshots");

/** Starts a server; `stop` ends it and removes what it kept. */
export async function startServer() {
  const folder = mkdtempSync(join(tmpdir(), "tessera-browser-"));
  // The private Postgres runs as another user when the tests run as root.
  chmodSync(folder, 0o755);
  const place = ["--data-dir", join(folder, "data")];
  const serve = ["serve", "--demo", "--json", "--listen", "127.0.0.1:0", ...place];
  const process_ = spawn(binary, serve, { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, TESSERA_LOG: "warn" } });
  const lines = createInterface({ input: process_.stdout });
  const [line] = await Promise.race([
    once(lines, "line"),
    once(process_, "exit").then(([code]) => Promise.reject(new Error(`the server ended with ${code}`))),
  ]);
  const said = JSON.parse(line);
  const run = (...verb) => execFileSync(binary, [...verb, ...place], { encoding: "utf8" }).trim();
  const front = pages ? await startFront(said.url, pages) : null;
  const url = front?.url ?? said.url;
  const keys = Object.fromEntries(said.demo.tenants.map((t) => [t.tenant, t.key]));
  return {
    url,
    keys,
    makeKey: (tenant, scopes) => run("key", "create", "--tenant", tenant, "--scopes", scopes),
    makeOperatorKey: () => run("key", "create", "--platform", "--scopes", "operate"),
    makeTenant: (id) => run("tenant", "create", id, "--plan", "pro"),
    post: (path, key, body) =>
      fetch(url + path, {
        method: "POST",
        headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
        body: JSON.stringify(body),
      }),
    async stop() {
      front?.stop();
      process_.kill("SIGTERM");
      await once(process_, "exit");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function startBrowser() {
  mkdirSync(shots, { recursive: true });
  return chromium.launch({
    executablePath: process.env.TESSERA_CHROMIUM ?? "/usr/bin/chromium",
    // Chromium's own sandbox does not start under root.
    args: ["--no-sandbox"],
  });
}

/**
 * A window of its own. What the page complains of, and whom else it asks, is
 * kept in `faults`.
 */
export async function open(browser, url, { width = 1440, height = 900, dark = false } = {}) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
    locale: "en-GB",
    acceptDownloads: true,
  });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    // The browser itself notes each refused request; the tests ask for some.
    if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) faults.push(message.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(url) && !/^(blob|data):/.test(request.url())) faults.push(`asked ${request.url()}`);
  });
  page.on("dialog", (dialog) => {
    faults.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return { context, page, faults };
}

export async function signIn(page, key) {
  await page.getByLabel("API key").fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("#main").waitFor();
}

/** When nothing is asked any more and charts are drawn. */
export async function settled(page) {
  await page.waitForLoadState("networkidle");
  await page.waitForTimeout(400);
}

export async function shoot(page, name) {
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
}
