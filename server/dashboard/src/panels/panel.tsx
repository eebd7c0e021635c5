// A panel: a title, what it shows, the same as a table, and where it comes from.

import * as Popover from "@radix-ui/react-popover";
import { useRef, useState, type ReactNode } from "react";
import type { Dashboard } from "../api/answers";
import { csv, fileName, save, saveUrl } from "../download";
import { Icon } from "../frame/icons";
import { Table, type Column } from "./table";
import { Why, type Origin } from "./why";

export interface Behind<Row> {
  columns: Column<Row>[];
  rows: Row[];
}

export function Panel<Row>(props: {
  title: ReactNode;
  /** The title as plain text, for file names and labels. */
  name: string;
  note?: ReactNode;
  tools?: ReactNode;
  /** What the panel shows, as rows. */
  behind?: Behind<Row> | undefined;
  origin?: Origin | undefined;
  dashboard?: Dashboard | undefined;
  children: (picture: { current: (() => string) | null }) => ReactNode;
}) {
  const picture = useRef<(() => string) | null>(null);
  const [asTable, setAsTable] = useState(false);
  const { behind, name } = props;
  return (
    <section className="panel" aria-label={name}>
      <header>
        <div className="said">
          <h2>{props.title}</h2>
          {props.note && <p>{props.note}</p>}
        </div>
        <div className="tools">
          {props.tools}
          {props.origin && props.dashboard && <Why name={name} origin={props.origin} dashboard={props.dashboard} />}
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
                  <Popover.Close onClick={() => save(fileName(name, "csv"), csv(behind.columns, behind.rows))}>
                    Download CSV
                  </Popover.Close>
                  {!asTable && picture.current && (
                    <Popover.Close
                      onClick={() => picture.current && saveUrl(fileName(name, "png"), picture.current())}
                    >
                      Download picture
                    </Popover.Close>
                  )}
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
