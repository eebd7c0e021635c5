// The address as the one place where a page's state is: the browser's own, or,
// within somebody else's page, one that is kept in memory.

import { createContext, useContext, useMemo, useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent } from "react";
import { viewOf, viewParams, type View } from "./view";

export interface AddressStore {
  /** Path and parameters. */
  get(): string;
  set(href: string, how: "push" | "replace"): void;
  subscribe(changed: () => void): () => void;
}

const CHANGED = "tessera:address";

const BROWSER: AddressStore = {
  get: () => window.location.pathname + window.location.search,
  set(href, how) {
    if (how === "push") window.history.pushState(null, "", href);
    else window.history.replaceState(null, "", href);
    window.dispatchEvent(new Event(CHANGED));
  },
  subscribe(changed) {
    window.addEventListener("popstate", changed);
    window.addEventListener(CHANGED, changed);
    return () => {
      window.removeEventListener("popstate", changed);
      window.removeEventListener(CHANGED, changed);
    };
  },
};

/** An address that no bar shows. */
export function memoryAddress(href: string): AddressStore {
  let now = href;
  const watchers = new Set<() => void>();
  return {
    get: () => now,
    set(to) {
      now = to;
      for (const changed of watchers) changed();
    },
    subscribe(changed) {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
  };
}

export const AddressContext = createContext<AddressStore>(BROWSER);

function split(href: string): { path: string; params: URLSearchParams } {
  const [path = "/", query = ""] = href.split("?");
  return { path, params: new URLSearchParams(query) };
}

/** The address, as path and parameters. */
export function useAddress(): { path: string; params: URLSearchParams } {
  const store = useContext(AddressContext);
  return split(useSyncExternalStore(store.subscribe, store.get));
}

export interface Navigate {
  /** Goes to another address; back comes back. */
  go(href: string, how?: "push" | "replace"): void;
  /** Changes parameters of this page's address; null takes one away. */
  setParams(change: Record<string, string | null>): void;
  /** Changes the view in the address. */
  setView(change: Partial<View>): void;
  /** An address of another page that keeps the view. */
  keepView(path: string, more?: Record<string, string | null>): string;
}

export function useNavigate(): Navigate {
  const store = useContext(AddressContext);
  return useMemo(() => {
    const setParams = (change: Record<string, string | null>) => {
      const { path, params } = split(store.get());
      store.set(withParams(path, params, change), "push");
    };
    return {
      go: (href, how = "push") => store.set(href, how),
      setParams,
      setView: (change) => setParams(viewParams({ ...viewOf(split(store.get()).params), ...change })),
      keepView: (path, more = {}) =>
        withParams(path, new URLSearchParams(), { ...viewParams(viewOf(split(store.get()).params)), ...more }),
    };
  }, [store]);
}

/** An address with parameters changed. */
export function withParams(path: string, params: URLSearchParams, change: Record<string, string | null>): string {
  for (const [name, value] of Object.entries(change)) {
    if (value === null) params.delete(name);
    else params.set(name, value);
  }
  // Commas, colons and slashes are legal there, and links are for people too.
  const text = params.toString().replaceAll("%2C", ",").replaceAll("%2F", "/").replaceAll("%3A", ":");
  return text ? `${path}?${text}` : path;
}

/** The view that the address names. */
export function useView(): View {
  return viewOf(useAddress().params);
}

/** A link within the pages. */
export function Link({ href, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) {
  const { go } = useNavigate();
  const follow = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    go(href);
    window.scrollTo(0, 0);
  };
  return <a href={href} onClick={follow} {...rest} />;
}
