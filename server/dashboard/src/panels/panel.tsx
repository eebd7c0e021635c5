// A panel: a title, what it shows, the same as a table, and where it comes from.

import * as DropdownMenu from "@radix-ui/react-dropdown-menu";
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
            <DropdownMenu.Root modal={false}>
              <DropdownMenu.Trigger className="button plain icon" aria-label={`More about ${name}`}>
                <Icon of="more" />
              </DropdownMenu.Trigger>
              <DropdownMenu.Portal>
                <DropdownMenu.Content className="menu" align="end" sideOffset={4}>
                  <DropdownMenu.Item onSelect={() => setAsTable(!asTable)}>
                    {asTable ? "Show as chart" : "Show as table"}
                  </DropdownMenu.Item>
                  <DropdownMenu.Item onSelect={() => save(fileName(name, "csv"), csv(behind.columns, behind.rows))}>
                    Download CSV
                  </DropdownMenu.Item>
                  {!asTable && picture.current && (
                    <DropdownMenu.Item
                      onSelect={() => picture.current && saveUrl(fileName(name, "png"), picture.current())}
                    >
                      Download picture
                    </DropdownMenu.Item>
                  )}
                </DropdownMenu.Content>
              </DropdownMenu.Portal>
            </DropdownMenu.Root>
          )}
        </div>
      </header>
      {asTable && behind ? <Table label={name} {...behind} /> : props.children(picture)}
    </section>
  );
}
