// A chart that comes when ECharts has, follows its box and the theme, and lets
// days be chosen by dragging. What it shows stands in a table beside it.

import { useEffect, useRef } from "react";
import type { EChartsCoreOption, EChartsType } from "echarts/core";
import type { Look } from "./time-series";
import { colour, useDark } from "../theme";
import type { TakePicture } from "../panels/panel";

export interface ChartProps {
  /** What a screen reader hears. */
  label: string;
  option: (look: Look, resolve: (property: string) => string) => EChartsCoreOption;
  tall?: boolean;
  /** A day was clicked, by its position. */
  onPick?: ((at: number) => void) | undefined;
  /** Days were dragged over, by their positions. */
  onBrush?: ((from: number, to: number) => void) | undefined;
  /** Gets a way to take the picture. */
  picture?: TakePicture | undefined;
}

/** Less than this is a click, not a drag. */
const DRAG_PX = 8;

/** Below this, names stand in a legend. */
const NARROW_PX = 480;

export function Chart({ label, option, tall, onPick, onBrush, picture }: ChartProps) {
  const canvas = useRef<HTMLDivElement>(null);
  const brush = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  const latest = useRef({ onPick, onBrush, option });
  latest.current = { onPick, onBrush, option };
  const turn = useRef(0);
  const dark = useDark();

  useEffect(() => {
    const box = canvas.current;
    if (!box) return;
    let gone = false;
    let watch: ResizeObserver | null = null;
    void import("./load").then(({ init }) => {
      if (gone) return;
      const made = init(box);
      chart.current = made;
      let narrow = isNarrow(box);
      const resolve = (property: string) => colour(property, box);
      const draw = () => void put(made, latest.current.option(look(narrow, box), resolve), turn);
      draw();
      if (picture) {
        picture.current = async (caption) => {
          const { framed } = await import("./picture");
          return framed(made.renderToCanvas({ pixelRatio: 2, backgroundColor: colour("--surface", box) }), box, caption);
        };
      }
      watch = new ResizeObserver(() => {
        made.resize();
        if (narrow !== isNarrow(box)) {
          narrow = isNarrow(box);
          draw();
        }
      });
      watch.observe(box);
      listen(made, brush.current, latest);
    });
    return () => {
      gone = true;
      watch?.disconnect();
      chart.current?.dispose();
      chart.current = null;
      if (picture) picture.current = null;
    };
  }, [picture]);

  useEffect(() => {
    const box = canvas.current;
    if (!box) return;
    if (chart.current) void put(chart.current, option(look(isNarrow(box), box), (property) => colour(property, box)), turn);
  }, [option, dark]);

  return (
    <div className={tall ? "chart tall" : "chart"} role="img" aria-label={label}>
      <div className="canvas" ref={canvas} />
      <div className="brush" ref={brush} hidden />
    </div>
  );
}

/** Draws, with bars once they have come, unless something newer was drawn since. */
async function put(chart: EChartsType, option: EChartsCoreOption, turn: { current: number }): Promise<void> {
  turn.current += 1;
  const own = turn.current;
  const series = option["series"];
  if (Array.isArray(series) && series.some((s: { type?: string }) => s.type === "bar")) await import("./bars");
  if (own === turn.current && !chart.isDisposed()) chart.setOption(option, { notMerge: true });
}

function isNarrow(box: HTMLElement): boolean {
  return box.clientWidth < NARROW_PX;
}

function look(narrow: boolean, box: Element): Look {
  return {
    narrow,
    ink: colour("--ink", box),
    soft: colour("--ink-soft", box),
    line: colour("--line", box),
    surface: colour("--surface", box),
  };
}

function listen(
  chart: EChartsType,
  band: HTMLDivElement | null,
  latest: { current: Pick<ChartProps, "onPick" | "onBrush"> },
): void {
  const zr = chart.getZr();
  const at = (x: number) => Math.round(Number(chart.convertFromPixel({ xAxisIndex: 0 }, x)));
  let began: number | null = null;
  zr.on("mousedown", (event) => {
    began = event.offsetX;
  });
  zr.on("mousemove", (event) => {
    const { onPick, onBrush } = latest.current;
    zr.setCursorStyle(onPick ? "pointer" : onBrush ? "crosshair" : "default");
    if (began === null || !band || !onBrush) return;
    const width = Math.abs(event.offsetX - began);
    band.hidden = width < DRAG_PX;
    band.style.left = `${Math.min(began, event.offsetX)}px`;
    band.style.width = `${width}px`;
  });
  zr.on("mouseup", (event) => {
    const { onPick, onBrush } = latest.current;
    if (band) band.hidden = true;
    if (began === null) return;
    const [from, to] = [at(Math.min(began, event.offsetX)), at(Math.max(began, event.offsetX))];
    const dragged = Math.abs(event.offsetX - began) >= DRAG_PX;
    began = null;
    if (dragged) {
      if (to > from) onBrush?.(Math.max(0, from), to);
    } else if (chart.containPixel({ gridIndex: 0 }, [event.offsetX, event.offsetY])) {
      onPick?.(from);
    }
  });
  zr.on("globalout", () => {
    began = null;
    if (band) band.hidden = true;
  });
}
