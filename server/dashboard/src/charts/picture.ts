// Pictures of panels: a chart or bars with the title above and when it was below.

import { colour } from "../theme";

const SCALE = 2;
const PAD = 16;

export interface Caption {
  title: string;
  note: string;
}

/** A chart's own canvas with its caption, as the address of a picture. */
export function framed(chart: HTMLCanvasElement, within: Element, caption: Caption): string {
  const [width, height] = [chart.width / SCALE, chart.height / SCALE];
  const { canvas, pen, top } = sheet(width, height, within, caption);
  pen.drawImage(chart, PAD, top, width, height);
  return canvas.toDataURL("image/png");
}

export interface DrawnBar {
  name: string;
  value: number;
  text: string;
}

const BAR_PX = 26;

/** Bars from zero, as the page has them. */
export function barsPicture(bars: DrawnBar[], property: string, within: Element, caption: Caption): string {
  const width = 560;
  const { canvas, pen, top } = sheet(width, bars.length * BAR_PX, within, caption);
  const extent = Math.max(...bars.map((b) => Math.abs(b.value)), 0) || 1;
  const signs = bars.some((b) => b.value < 0);
  const [from, to] = [PAD + 190, PAD + width - 90];
  const zero = signs ? (from + to) / 2 : from;
  const room = to - zero;
  bars.forEach((bar, at) => {
    const y = top + at * BAR_PX;
    pen.fillStyle = colour("--ink", within);
    pen.textAlign = "left";
    pen.fillText(shortened(pen, bar.name, 180), PAD, y + 17);
    pen.textAlign = "right";
    pen.fillText(bar.text, PAD + width, y + 17);
    pen.fillStyle = colour(property, within);
    const length = (Math.abs(bar.value) / extent) * room;
    pen.fillRect(bar.value < 0 ? zero - length : zero, y + 7, length, 12);
  });
  return canvas.toDataURL("image/png");
}

function sheet(width: number, height: number, within: Element, caption: Caption) {
  const top = PAD + 28;
  const canvas = document.createElement("canvas");
  canvas.width = (width + 2 * PAD) * SCALE;
  canvas.height = (top + height + PAD + 24) * SCALE;
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("this browser draws no pictures");
  pen.scale(SCALE, SCALE);
  pen.fillStyle = colour("--surface", within);
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = colour("--ink", within);
  pen.font = "600 15px system-ui, sans-serif";
  pen.fillText(shortened(pen, caption.title, width), PAD, PAD + 12);
  pen.fillStyle = colour("--ink-soft", within);
  pen.font = "12px system-ui, sans-serif";
  pen.fillText(shortened(pen, caption.note, width), PAD, top + height + PAD + 8);
  pen.font = "13px system-ui, sans-serif";
  return { canvas, pen, top };
}

function shortened(pen: CanvasRenderingContext2D, text: string, most: number): string {
  if (pen.measureText(text).width <= most) return text;
  let length = text.length;
  while (length > 1 && pen.measureText(`${text.slice(0, length)}…`).width > most) length -= 1;
  return `${text.slice(0, length)}…`;
}
