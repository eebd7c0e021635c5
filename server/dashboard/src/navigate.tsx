// The address bar as the one place where a page's state is.

import { useMemo, useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent } from "react";
import { viewOf, viewParams, type View } from "./view";

const CHANGED = "tessera:address";

const address = {
  /** Path and parameters. */
  get: () => window.location.pathname + window.location.search,
  set(href: string, how: "push" | "replace") {
    if (how === "push") window.history.pushState(null, "", href);
    else window.history.replaceState(null, "", href);
    window.dispatchEvent(new Event(CHANGED));
  },
  subscribe(changed: () => void) {
    window.addEventListener("popstate", changed);
    window.addEventListener(CHANGED, changed);
    return () => {
      window.removeEventListener("popstate", changed);
      window.removeEventListener(CHANGED, changed);
    };
  },
};

function split(href: string): { path: string; params: URLSearchParams } {
  const [path = "/", query = ""] = href.split("?");
  return { path, params: new URLSearchParams(query) };
}

/** The address, as path and parameters. */
export function useAddress(): { path: string; params: URLSearchParams } {
  return split(useSyncExternalStore(address.subscribe, address.get));
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
  return useMemo(() => {
    const setParams = (change: Record<string, string | null>) => {
      const { path, params } = split(address.get());
      address.set(withParams(path, params, change), "push");
    };
    return {
      go: (href, how = "push") => address.set(href, how),
      setParams,
      setView: (change) => setParams(viewParams({ ...viewOf(split(address.get()).params), ...change })),
      keepView: (path, more = {}) =>
        withParams(path, new URLSearchParams(), { ...viewParams(viewOf(split(address.get()).params)), ...more }),
    };
  }, []);
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
