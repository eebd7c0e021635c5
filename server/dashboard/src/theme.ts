// Light, dark, or as the system has it; kept in this browser.

import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";

const KEY = "tessera-theme";
const CHANGED = "tessera:theme";

export function theme(): Theme {
  const kept = localStorage.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : "system";
}

export function setTheme(to: Theme): void {
  if (to === "system") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, to);
  applyTheme();
  window.dispatchEvent(new Event(CHANGED));
}

/** Before the first paint, so that nothing flashes. */
export function applyTheme(): void {
  const to = theme();
  if (to === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = to;
}

function isDark(): boolean {
  const to = theme();
  return to === "system" ? matchMedia("(prefers-color-scheme: dark)").matches : to === "dark";
}

function subscribe(changed: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", changed);
  window.addEventListener(CHANGED, changed);
  return () => {
    system.removeEventListener("change", changed);
    window.removeEventListener(CHANGED, changed);
  };
}

/** Whether the page is dark now; charts are drawn again when it changes. */
export function useDark(): boolean {
  return useSyncExternalStore(subscribe, isDark);
}

/** The colour of a custom property there, as a canvas can take it. */
export function colour(property: string, within: Element): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${property})`;
  within.append(probe);
  const computed = getComputedStyle(probe).color;
  probe.remove();
  return computed;
}
