// What stands around every page: where one can go, and who one is.

import { useCallback, useEffect, useRef, useState, type ReactNode } from "react";
import type { SignedIn } from "../api/answers";
import { usePlatforms, useSignOut } from "../api/questions";
import { Link, useAddress, useNavigate } from "../navigate";
import { useLooks } from "../platforms";
import { setTheme, theme, type Theme } from "../theme";
import { Dialog } from "./dialog";
import { Brand, Dot, Icon } from "./icons";

const WORK = [
  ["/app/explore", "Explore"],
  ["/app/sql", "SQL"],
  ["/app/exports", "Exports"],
  ["/app/quality", "Data quality"],
] as const;

const SETTINGS = [
  ["/app/keys", "API keys"],
  ["/app/usage", "Plan and usage"],
  ["/app/metrics", "Metrics"],
  ["/app/keep", "Retention and erasure"],
  ["/app/health", "Server health"],
] as const;

export function Frame({ who, children }: { who: SignedIn; children: ReactNode }) {
  const { path } = useAddress();
  const { keepView } = useNavigate();
  const [open, setOpen] = useState(false);
  const [help, setHelp] = useState(false);
  const looks = useLooks();
  const platforms = usePlatforms();
  const signOut = useSignOut();
  useEffect(() => setOpen(false), [path]);
  useShortcuts(useCallback(() => setHelp(true), []));
  const link = (href: string, text: ReactNode, keep = false) => (
    <Link key={href} href={keep ? keepView(href) : href} aria-current={path === href ? "page" : undefined}>
      {text}
    </Link>
  );
  return (
    <div className="frame">
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <div className="side" data-open={open}>
        <div className="bar">
          <Brand />
          <button type="button" className="button plain icon menu-button" aria-label="Menu" aria-expanded={open} onClick={() => setOpen(!open)}>
            <Icon of="menu" />
          </button>
        </div>
        <nav aria-label="Pages">
          <div>{link("/", "Overview", true)}</div>
          <div>
            <h2>Platforms</h2>
            {(platforms.data ?? []).map((p) =>
              link(
                `/app/platforms/${encodeURIComponent(p.name)}`,
                <>
                  <Dot colour={looks(p.name).colour} />
                  {looks(p.name).title}
                </>,
                true,
              ),
            )}
          </div>
          <div>
            <h2>Data</h2>
            {WORK.map(([href, text]) => link(href, text, href === "/app/explore"))}
          </div>
          <div>
            <h2>Settings</h2>
            {SETTINGS.map(([href, text]) => link(href, text))}
          </div>
        </nav>
        <div className="foot">
          <p className="who">
            <strong>{who.tenant}</strong>
            <br />
            <span className="soft small">Plan {who.plan}</span>
          </p>
          <ThemeChoice />
          <div className="buttons">
            <button type="button" className="button plain" onClick={() => setHelp(true)}>
              Keys <kbd>?</kbd>
            </button>
            <button type="button" className="button plain" onClick={() => signOut.mutate()}>
              Sign out
            </button>
          </div>
        </div>
      </div>
      <main className="main" id="main" tabIndex={-1}>
        {children}
      </main>
      {help && <Keys onClose={() => setHelp(false)} />}
    </div>
  );
}

/** A page's own bar: its title, its controls. */
export function Top({ title, children }: { title: ReactNode; children?: ReactNode }) {
  useEffect(() => {
    document.title = typeof title === "string" ? `${title} – Tessera` : "Tessera";
  }, [title]);
  return (
    <div className="top">
      <h1>{title}</h1>
      <div className="controls">{children}</div>
    </div>
  );
}

function ThemeChoice() {
  const [chosen, setChosen] = useState<Theme>(theme());
  const choose = (to: Theme) => {
    setTheme(to);
    setChosen(to);
  };
  return (
    <div className="segments" role="radiogroup" aria-label="Colours">
      {(["system", "light", "dark"] as const).map((name) => (
        <button key={name} type="button" role="radio" aria-checked={chosen === name} onClick={() => choose(name)}>
          {name === "system" ? "Auto" : name === "light" ? "Light" : "Dark"}
        </button>
      ))}
    </div>
  );
}

const PLACES: Record<string, string> = { o: "/", x: "/app/explore", k: "/app/keys", u: "/app/usage", s: "/app/sql", e: "/app/exports", q: "/app/quality", m: "/app/metrics" };

/** `g` and a letter goes somewhere; `t` opens the time range; `?` helps. */
function useShortcuts(onHelp: () => void): void {
  const { go, keepView } = useNavigate();
  const after = useRef<number>(0);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const at = event.composedPath()[0] as HTMLElement;
      const typing = at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName);
      if (typing || event.metaKey || event.ctrlKey || event.altKey) return;
      const place = PLACES[event.key];
      if (performance.now() - after.current < 1_000 && place) {
        go(keepView(place));
      } else if (event.key === "t") {
        window.dispatchEvent(new Event("tessera:time"));
      } else if (event.key === "?") {
        onHelp();
      }
      after.current = event.key === "g" ? performance.now() : 0;
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [onHelp, go, keepView]);
}

function Keys({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl className="facts">
        {[
          ["g o", "Overview"],
          ["g x", "Explore"],
          ["g s", "SQL"],
          ["g e", "Exports"],
          ["g q", "Data quality"],
          ["g m", "Metrics"],
          ["g k", "API keys"],
          ["g u", "Plan and usage"],
          ["t", "Time range"],
          ["?", "This list"],
          ["Ctrl Enter", "Run the query (in the SQL editor)"],
        ].map(([keys, what]) => (
          <div key={keys} style={{ display: "contents" }}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p className="soft">Drag over a chart of days to see those days alone; click a day or a bar for the points behind it.</p>
    </Dialog>
  );
}
