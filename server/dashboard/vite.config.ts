// Builds the pages into `pages` below the folder of compiled files, where the
// server's build script looks for them; each file also compressed.

import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const out =
  process.env["TESSERA_PAGES_DIR"] ??
  join(
    execFileSync(join(import.meta.dirname, "../../.ci/target-dir"), { encoding: "utf8" }).trim(),
    "pages",
  );

/** Compresses once what the server would else compress for each browser. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    closeBundle() {
      for (const name of readdirSync(out, { recursive: true, encoding: "utf8" })) {
        if (!/\.(html|js|css|svg)$/.test(name)) continue;
        const bytes = readFileSync(join(out, name));
        const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
        writeFileSync(join(out, `${name}.br`), brotliCompressSync(bytes, { params: quality }));
        writeFileSync(join(out, `${name}.gz`), gzipSync(bytes, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), compressed()],
  build: {
    outDir: out,
    emptyOutDir: true,
    // Data URLs would need a wider policy than the pages have.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2023",
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      output: {
        // One file of what all charts share, which compresses better than two;
        // what only bars need stays with them.
        codeSplitting: {
          groups: [{ name: "charts", test: /node_modules\/(zrender|echarts\/(?!lib\/(chart\/bar|layout\/bar|label\/sector|util\/shape\/sausage)))/ }],
        },
      },
    },
  },
  server: {
    port: 5173,
    proxy: Object.fromEntries(
      ["/api", "/health", "/docs"].map((path) => [
        path,
        process.env["TESSERA_URL"] ?? "http://127.0.0.1:8080",
      ]),
    ),
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
