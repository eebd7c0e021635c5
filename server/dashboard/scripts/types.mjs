// Writes the types of a running server's OpenAPI document (TESSERA_URL) to
// src/api/schema.ts, or to the file that is named.

import { writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const server = process.env.TESSERA_URL ?? "http://127.0.0.1:8080";
const file = process.argv[2] ?? new URL("../src/api/schema.ts", import.meta.url);
const note = "// Made from the server's OpenAPI document by `npm run types`.\n\n";

const document = await (await fetch(new URL("/api/openapi.json", server))).json();
for (const operations of Object.values(document.paths)) {
  // Named after handlers, and so not unique; the pages do not use them.
  for (const operation of Object.values(operations)) delete operation.operationId;
}
const made = note + astToString(await openapiTS(document));
writeFileSync(file, made);
