// A platform's name and its one colour.

import { createContext, useContext } from "react";
import type { Platform } from "./api/answers";
import { words } from "./format";

/** How many colours there are; platforms beyond share. */
const COLOURS = 8;

/** The presets come first, so that a new platform changes no colour. */
const PRESETS = ["coreldove", "bizoholic", "business_directory", "thrillring", "quanttrade"];

export interface PlatformLook {
  title: string;
  /** A CSS custom property. */
  colour: string;
}

export type Looks = (platform: string) => PlatformLook;

/** The looks of registered platforms, and of those that only points name. */
export function looksOf(platforms: Platform[]): Looks {
  const others = platforms.map((p) => p.name).filter((name) => !PRESETS.includes(name));
  const order = [...PRESETS, ...others.sort()];
  return (name) => {
    const at = order.indexOf(name);
    const slot = at === -1 ? COLOURS : (at % COLOURS) + 1;
    return {
      title: platforms.find((p) => p.name === name)?.title ?? words(name),
      colour: `--platform-${slot}`,
    };
  };
}

export const LooksContext = createContext<Looks>(looksOf([]));

/** How platforms look, for this tenant. */
export function useLooks(): Looks {
  return useContext(LooksContext);
}
