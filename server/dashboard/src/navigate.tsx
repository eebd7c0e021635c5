// The address bar as the one place where a page's state is.

import { useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent } from "react";
import { viewOf, viewParams, type View } from "./view";

const CHANGED = "tessera:address";

function subscribe(changed: () => void): () => void {
  window.addEventListener("popstate", changed);
  window.addEventListener(CHANGED, changed);
  return () => {
    window.removeEventListener("popstate", changed);
    window.removeEventListener(CHANGED, changed);
  };
}

/** The address, as path and parameters. */
export function useAddress(): { path: string; params: URLSearchParams } {
  const href = useSyncExternalStore(subscribe, () => window.location.pathname + window.location.search);
  const [path = "/", query = ""] = href.split("?");
  return { path, params: new URLSearchParams(query) };
}

/** Goes to another address; back comes back. */
export function go(href: string, how: "push" | "replace" = "push"): void {
  if (how === "push") window.history.pushState(null, "", href);
  else window.history.replaceState(null, "", href);
  window.dispatchEvent(new Event(CHANGED));
}

/** Changes parameters of this page's address; null takes one away. */
export function setParams(change: Record<string, string | null>): void {
  go(withParams(window.location.pathname, new URLSearchParams(window.location.search), change));
}

function withParams(path: string, params: URLSearchParams, change: Record<string, string | null>): string {
  for (const [name, value] of Object.entries(change)) {
    if (value === null) params.delete(name);
    else params.set(name, value);
  }
  // Commas and slashes are legal there, and links are for people too.
  const text = params.toString().replaceAll("%2C", ",").replaceAll("%2F", "/");
  return text ? `${path}?${text}` : path;
}

/** The view that the address names. */
export function useView(): View {
  return viewOf(useAddress().params);
}

/** Changes the view in the address bar. */
export function setView(change: Partial<View>): void {
  const params = new URLSearchParams(window.location.search);
  setParams(viewParams({ ...viewOf(params), ...change }));
}

/** An address of another page that keeps the view. */
export function keepView(path: string, more: Record<string, string | null> = {}): string {
  const view = viewOf(new URLSearchParams(window.location.search));
  return withParams(path, new URLSearchParams(), { ...viewParams(view), ...more });
}

/** A link within the pages. */
export function Link({ href, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) {
  const follow = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    go(href);
    window.scrollTo(0, 0);
  };
  return <a href={href} onClick={follow} {...rest} />;
}
