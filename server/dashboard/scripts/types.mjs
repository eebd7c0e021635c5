// Writes src/api/schema.ts from the OpenAPI document of a running server
// (TESSERA_URL); with --check it only says whether the file is of that document.

import { readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const server = process.env.TESSERA_URL ?? "http://127.0.0.1:8080";
const file = new URL("../src/api/schema.ts", import.meta.url);
const note = "// Made from the server's OpenAPI document by `npm run types`.\n\n";

const document = await (await fetch(new URL("/api/openapi.json", server))).json();
for (const operations of Object.values(document.paths)) {
  // Named after handlers, and so not unique; the pages do not use them.
  for (const operation of Object.values(operations)) delete operation.operationId;
}
const made = note + astToString(await openapiTS(document));
if (!process.argv.includes("--check")) {
  writeFileSync(file, made);
} else if (readFileSync(file, "utf8") !== made) {
  console.error("src/api/schema.ts is not of this server: run `npm run types` against it");
  process.exit(1);
}
