// Tests run beside a real server: `.ci/clients`, or `.ci/with-server npm test`.

import { execFileSync } from "node:child_process";
import { Tessera } from "../dist/index.js";

export const url = process.env.TESSERA_URL ?? "";
if (url === "") throw new Error("there is no server: run these tests by `.ci/clients`");

let tenants = 0;

/** What a command of the server's program prints. */
const tessera = (/** @type {string[]} */ ...verb) => execFileSync("tessera", verb, { encoding: "utf8" }).trim();

/** A key of a new tenant. */
export function makeKey(plan = "pro") {
  const tenant = `ts-${process.pid}-${++tenants}`;
  tessera("tenant", "create", tenant, "--plan", plan, "--time-zone", "Europe/London");
  return tessera("key", "create", "--tenant", tenant, "--scopes", "ingest,read,export");
}

/**
 * A client of a new tenant.
 * @param {Partial<import("../dist/index.js").Options>} [options]
 */
export const makeClient = (options = {}) => new Tessera({ url, key: makeKey(), ...options });
