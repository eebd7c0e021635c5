// Lines or stacked bars over time, as ECharts wants them said.
//
// The bucket that is not over is drawn as unfinished; a gap in the data is a gap;
// the period compared with is a thin dashed line of the same colour.

import type { EChartsCoreOption } from "echarts/core";
import type { Exact } from "../api/exact";
import { approximate } from "../api/exact";
import { bucket } from "../board/buckets";
import { bytes, full, percent, short } from "../format";
import type { Grain } from "../view";

export interface Line {
  name: string;
  /** A CSS colour. */
  colour: string;
  points: { date: string; value: Exact | null; finished: boolean }[];
  /** By position in the range, of the period compared with. */
  previous?: (Exact | null)[] | undefined;
}

export interface Look {
  ink: string;
  soft: string;
  line: string;
  surface: string;
  /** Too narrow for names beside the lines. */
  narrow: boolean;
}

export interface TimeSeries {
  lines: Line[];
  shape: "lines" | "bars";
  unit: "number" | "ratio" | "bytes";
  grain?: Grain;
  look: Look;
}

export function timeSeriesOption(of: TimeSeries): EChartsCoreOption {
  const dates = of.lines[0]?.points.map((p) => p.date) ?? [];
  const axis = (value: number) => (of.unit === "ratio" ? percent(value) : of.unit === "bytes" ? bytes(value) : short(value));
  return {
    // Nothing moves without a reason: numbers are asked for again every half minute.
    animation: false,
    textStyle: { fontFamily: "system-ui, sans-serif" },
    grid: { left: 4, right: of.shape === "lines" && of.lines.length > 1 && !of.look.narrow ? 116 : 16, top: 12, bottom: 4, containLabel: true },
    xAxis: {
      type: "category",
      data: dates,
      boundaryGap: of.shape === "bars",
      axisLine: { lineStyle: { color: of.look.line } },
      axisTick: { show: false },
      axisLabel: { color: of.look.soft, fontSize: 11, hideOverlap: true, formatter: (date: string) => axisWords(date, of.grain) },
    },
    yAxis: {
      type: "value",
      // Bars lie without a zero; ratios and levels are read by their movement.
      scale: of.shape === "lines" && of.unit === "ratio",
      splitNumber: 4,
      axisLabel: { color: of.look.soft, fontSize: 11, formatter: axis },
      splitLine: { lineStyle: { color: of.look.line } },
    },
    tooltip: {
      trigger: "axis",
      confine: true,
      backgroundColor: "transparent",
      borderWidth: 0,
      padding: 0,
      extraCssText: "box-shadow:none",
      axisPointer: {
        type: of.shape === "bars" ? "shadow" : "line",
        lineStyle: { color: of.look.soft, type: "solid", width: 1 },
        shadowStyle: { color: of.look.line, opacity: 0.4 },
      },
      formatter: (hit: unknown) => tip(of, positionOf(hit)),
    },
    series: of.shape === "bars" ? bars(of) : of.lines.flatMap((line) => strokes(line, of)),
  };
}

/** Midnight is named by its day. */
function axisWords(date: string, grain: Grain = "day"): string {
  return grain === "hour" && date.includes("T00:00") ? bucket(date.slice(0, 10)) : bucket(date, grain);
}

function positionOf(hit: unknown): number {
  const first: unknown = Array.isArray(hit) ? hit[0] : hit;
  return (first as { dataIndex?: number } | undefined)?.dataIndex ?? 0;
}

function bars(of: TimeSeries) {
  return of.lines.map((line) => ({
    type: "bar",
    name: line.name,
    stack: "all",
    barCategoryGap: "28%",
    // A lone day is no wall.
    barMaxWidth: 64,
    itemStyle: { color: line.colour },
    data: line.points.map((p) => ({
      value: approximate(p.value),
      ...(p.finished
        ? {}
        : { itemStyle: { color: line.colour, opacity: 0.35, borderColor: line.colour, borderType: "dashed", borderWidth: 1 } }),
    })),
  }));
}

function strokes(line: Line, of: TimeSeries) {
  const last = line.points.findLastIndex((p) => p.finished);
  const finished = line.points.map((p) => (p.finished ? approximate(p.value) : null));
  // From the last full bucket to the one that is not over.
  const soFar = line.points.map((p, at) => (at >= last ? approximate(p.value) : null));
  const base = { type: "line", name: line.name, symbol: "circle", symbolSize: 5, showSymbol: false, color: line.colour, connectNulls: false };
  // A lone bucket between gaps would not show as a line.
  const alone = line.points.length === 1 || finished.filter((v) => v !== null).length === 1;
  const label = {
    show: of.lines.length > 1 && !of.look.narrow,
    color: line.colour,
    fontSize: 11,
    // Beside the bucket that is not over, not on it.
    distance: last < line.points.length - 1 ? 24 : 6,
    formatter: line.name,
    width: 104,
    overflow: "truncate",
  };
  return [
    ...(line.previous
      ? [{ ...base, name: `${line.name}, before`, data: line.previous.map(approximate), lineStyle: { width: 1, type: "dashed", opacity: 0.5 }, silent: true, z: 1 }]
      : []),
    { ...base, data: finished, lineStyle: { width: 2 }, showSymbol: alone, endLabel: label, labelLayout: { moveOverlap: "shiftY" } },
    ...(last < line.points.length - 1
      ? [{ ...base, data: soFar, lineStyle: { width: 2, type: [3, 3] }, silent: true }]
      : []),
  ];
}

/** Built of text nodes: names come from the data and may hold anything. */
function tip(of: TimeSeries, at: number): HTMLElement {
  const box = document.createElement("div");
  box.className = "tip";
  const point = of.lines.find((line) => line.points[at])?.points[at];
  if (!point) return box;
  const title = document.createElement("strong");
  title.textContent = bucket(point.date, of.grain, "long") + (point.finished ? "" : ", so far");
  box.append(title);
  const write = (value: Exact | null | undefined) => (of.unit === "ratio" ? percent(value, 4) : full(value));
  for (const line of of.lines) {
    box.append(row(line.name, write(line.points[at]?.value), line.colour));
    if (line.previous) box.append(row("before", write(line.previous[at]), null));
  }
  return box;
}

function row(name: string, value: string, colour: string | null): HTMLElement {
  const row = document.createElement("div");
  row.className = colour === null ? "row note" : "row";
  const label = document.createElement("span");
  label.textContent = name;
  if (colour !== null) label.style.color = colour;
  const number = document.createElement("span");
  number.textContent = value;
  row.append(label, number);
  return row;
}
