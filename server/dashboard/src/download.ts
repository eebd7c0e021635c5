// Files that the pages give: what is on the screen, as CSV or as a picture.

import type { Column } from "./panels/table";

/** Text that a spreadsheet would run is made plain, as the server does it. */
function cell(value: string | number | null, number: boolean): string {
  if (value === null) return "";
  let text = String(value);
  if (!number && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csv<Row>(columns: Column<Row>[], rows: Row[]): string {
  const line = (cells: string[]) => `${cells.join(",")}\r\n`;
  const head = line(columns.map((c) => cell(c.name, false)));
  return head + rows.map((row) => line(columns.map((c) => cell(c.value(row), c.number ?? false)))).join("");
}

/** Hands a file to the browser. */
export function save(name: string, content: Blob | string): void {
  const blob = typeof content === "string" ? new Blob([content], { type: "text/csv" }) : content;
  const url = URL.createObjectURL(blob);
  saveUrl(name, url);
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

export function saveUrl(name: string, url: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}

/** A title as a file's name. */
export function fileName(title: string, extension: string): string {
  return `${title.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, "-").replaceAll(/^-|-$/g, "")}.${extension}`;
}
