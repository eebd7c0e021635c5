// A line of a few pixels' height: gaps are gaps, the day that is not over is
// dashed, zero is shown where values go below it.

import type { Exact } from "../api/exact";
import { approximate } from "../api/exact";

export interface SparkPoint {
  value: Exact | null;
  finished: boolean;
}

const WIDTH = 100;
const HEIGHT = 36;
const EDGE = 2;

export interface SparkPaths {
  stroke: string;
  soFar: string;
  zero: number | null;
}

/** The paths of a line in a box of 100 by 36. */
export function sparkPaths(points: SparkPoint[]): SparkPaths | null {
  const values = points.map((p) => approximate(p.value));
  const there = values.filter((v) => v !== null);
  if (there.length < 2) return null;
  const low = Math.min(...there);
  const high = Math.max(...there);
  const x = (at: number) => (at / (points.length - 1)) * WIDTH;
  const y = (value: number) =>
    high === low ? HEIGHT / 2 : HEIGHT - EDGE - ((value - low) / (high - low)) * (HEIGHT - 2 * EDGE);
  const path = (from: number, to: number) => {
    let text = "";
    let pen = false;
    for (let at = from; at <= to; at += 1) {
      const value = values[at] ?? null;
      if (value === null) pen = false;
      else {
        text += `${pen ? "L" : "M"}${x(at).toFixed(2)} ${y(value).toFixed(2)}`;
        pen = true;
      }
    }
    return text;
  };
  const last = points.findLastIndex((p) => p.finished);
  return {
    stroke: path(0, last === -1 ? points.length - 1 : last),
    soFar: last >= 0 && last < points.length - 1 ? path(last, points.length - 1) : "",
    zero: low < 0 && high > 0 ? y(0) : null,
  };
}

export function Sparkline({ points, colour }: { points: SparkPoint[]; colour: string }) {
  const paths = sparkPaths(points);
  if (!paths) return <div className="spark" aria-hidden="true" />;
  return (
    <svg className="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" color={`var(${colour})`}>
      {paths.zero !== null && <line className="zero" x1="0" x2={WIDTH} y1={paths.zero} y2={paths.zero} />}
      <path className="stroke" d={paths.stroke} />
      {paths.soFar && <path className="stroke so-far" d={paths.soFar} />}
    </svg>
  );
}
