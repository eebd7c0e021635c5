/** Data in bulk, as one file. */

/** What to export: a whole table, or the rows of one SELECT. */
export type ExportSource = { table: string } | { sql: string };

/** A file on its way. */
export interface Exported {
  /**
   * Its bytes. Reading fails where the transfer broke off, so that a file that
   * was read to its end holds all rows of one version.
   */
  body: ReadableStream<Uint8Array>;
  /** The name that the server gives it. */
  filename: string | undefined;
  contentType: string | undefined;
}

/** The file of an answer. */
export function exportedOf(response: Response): Exported {
  if (response.body === null) throw new TypeError("the answer has no body");
  const disposition = response.headers.get("Content-Disposition") ?? "";
  return {
    body: response.body,
    filename: /filename="([^"]+)"/.exec(disposition)?.[1],
    contentType: response.headers.get("Content-Type") ?? undefined,
  };
}
