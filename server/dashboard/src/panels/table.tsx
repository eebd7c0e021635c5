// A table that can be sorted and taken away as CSV; the same rows as on screen.

import { useState } from "react";

export interface Column<Row> {
  name: string;
  /** What is sorted by, and written to a file. */
  value: (row: Row) => string | number | null;
  /** What is shown; the value when left out. */
  show?: (row: Row) => React.ReactNode;
  number?: boolean;
  wide?: boolean;
  /** A moment, which stands in one line. */
  when?: boolean;
}

interface Order {
  by: number;
  descending: boolean;
}

export function Table<Row>(props: {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  onPick?: ((row: Row) => void) | undefined;
  rowClass?: ((row: Row) => string | undefined) | undefined;
  free?: boolean;
}) {
  const [order, setOrder] = useState<Order | null>(null);
  const rows = order ? sorted(props.rows, props.columns[order.by], order.descending) : props.rows;
  const sort = (by: number, number: boolean) =>
    setOrder(order?.by === by ? { by, descending: !order.descending } : { by, descending: number });
  return (
    <div className={props.free ? "table-scroll free" : "table-scroll"} role="region" aria-label={props.label} tabIndex={0}>
      <table>
        <caption className="visually-hidden">{props.label}</caption>
        <thead>
          <tr>
            {props.columns.map((column, at) => (
              <th
                key={column.name}
                scope="col"
                className={column.number ? "number" : undefined}
                aria-sort={order?.by === at ? (order.descending ? "descending" : "ascending") : undefined}
              >
                <button type="button" onClick={() => sort(at, column.number ?? false)}>
                  {column.name}
                  <span aria-hidden="true">{order?.by === at ? (order.descending ? " ↓" : " ↑") : ""}</span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={at} className={props.rowClass?.(row)}>
              {props.columns.map((column, nth) => (
                <td key={column.name} className={column.number ? "number" : column.wide ? "wide" : column.when ? "when" : undefined}>
                  {nth === 0 && props.onPick ? (
                    <button type="button" className="button plain" onClick={() => props.onPick?.(row)}>
                      {column.show ? column.show(row) : column.value(row)}
                    </button>
                  ) : column.show ? (
                    column.show(row)
                  ) : (
                    column.value(row)
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function sorted<Row>(rows: Row[], column: Column<Row> | undefined, descending: boolean): Row[] {
  if (!column) return rows;
  const direction = descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [column.value(a), column.value(b)];
    // What is not there comes last, whichever way.
    if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1;
    if (column.number) return direction * (Number(x) - Number(y));
    return direction * String(x).localeCompare(String(y), undefined, { numeric: true });
  });
}
