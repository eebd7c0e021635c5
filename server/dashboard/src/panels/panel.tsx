// A panel: a title, what it shows, the same as a table, and where it comes from.

import * as Popover from "@radix-ui/react-popover";
import { useRef, useState, type ReactNode } from "react";
import type { Scope } from "../api/answers";
import type { Caption } from "../charts/picture";
import { csv, fileName, save, saveUrl } from "../download";
import { day, moment } from "../format";
import { Icon } from "../frame/icons";
import { Link } from "../navigate";
import { Table, type Column } from "./table";
import { Why, type Origin } from "./why";

export interface Behind<Row> {
  columns: Column<Row>[];
  rows: Row[];
}

/** Gives the address of a picture of what the panel shows. */
export type TakePicture = { current: ((caption: Caption) => string | Promise<string>) | null };

export function Panel<Row>(props: {
  title: ReactNode;
  /** The title as plain text, for file names and labels. */
  name: string;
  note?: ReactNode;
  tools?: ReactNode;
  /** What the panel shows, as rows. */
  behind?: Behind<Row> | undefined;
  origin?: Origin | undefined;
  scope?: Scope | undefined;
  /** The same on the page that explores. */
  explore?: string | undefined;
  children: (picture: TakePicture) => ReactNode;
}) {
  const picture: TakePicture = useRef(null);
  const section = useRef<HTMLElement>(null);
  const [asTable, setAsTable] = useState(false);
  const { behind, name, scope } = props;
  const takePicture = async () => {
    const note = scope ? `${day(scope.range.from, "long")} to ${day(scope.range.to, "long")}, as of ${moment(scope.as_of)}` : "";
    const url = await picture.current?.({ title: name, note });
    if (url) saveUrl(fileName(name, "png"), url);
  };
  return (
    <section className="panel" aria-label={name} ref={section}>
      <header>
        <div className="said">
          <h2>{props.title}</h2>
          {props.note && <p>{props.note}</p>}
        </div>
        <div className="tools">
          {props.tools}
          {props.origin && scope && <Why name={name} origin={props.origin} scope={scope} />}
          {behind && (
            <Popover.Root>
              <Popover.Trigger className="button plain icon" aria-label={`More about ${name}`}>
                <Icon of="more" />
              </Popover.Trigger>
              <Popover.Portal>
                <Popover.Content className="menu" align="end" sideOffset={4} aria-label={`More about ${name}`}>
                  <Popover.Close onClick={() => setAsTable(!asTable)}>
                    {asTable ? "Show as chart" : "Show as table"}
                  </Popover.Close>
                  {props.explore && (
                    <Popover.Close asChild>
                      <Link href={props.explore}>Explore this</Link>
                    </Popover.Close>
                  )}
                  <Popover.Close onClick={() => save(fileName(name, "csv"), csv(behind.columns, behind.rows))}>
                    Download CSV
                  </Popover.Close>
                  {!asTable && <PictureItem picture={picture} onTake={() => void takePicture()} />}
                  <Popover.Close onClick={() => printOne(section.current)}>Print</Popover.Close>
                </Popover.Content>
              </Popover.Portal>
            </Popover.Root>
          )}
        </div>
      </header>
      {asTable && behind ? <Table label={name} {...behind} /> : props.children(picture)}
    </section>
  );
}

/** Asked when the menu opens: what is shown may give a picture since. */
function PictureItem({ picture, onTake }: { picture: TakePicture; onTake: () => void }) {
  return picture.current ? <Popover.Close onClick={onTake}>Download picture</Popover.Close> : null;
}

/** Prints this panel alone: the style sheet hides the others meanwhile. */
function printOne(panel: HTMLElement | null): void {
  if (!panel) return;
  const page = document.documentElement;
  page.dataset["printing"] = "panel";
  panel.classList.add("printed");
  const done = () => {
    delete page.dataset["printing"];
    panel.classList.remove("printed");
  };
  window.addEventListener("afterprint", done, { once: true });
  // After the menu has gone.
  setTimeout(() => window.print(), 100);
}
