// What the overview and the platforms' pages have in common: the bar with its
// filters, the answer or what stands in its place, and the points behind.

import { lazy, Suspense, useEffect, useState, type ReactNode } from "react";
import type { MetricName } from "../api/answers";
import { useMetrics } from "../api/questions";
import type { Board } from "../board/compose";
import { keysOf, useTops } from "../board/keys";
import { useBoard } from "../board/use-board";
import { AsOf } from "../frame/as-of";
import { FilterBar, RangeFilter } from "../frame/filters";
import { Top } from "../frame/frame";
import { Empty, Failed, Skeleton } from "../frame/notice";
import { useAddress, useNavigate, useView } from "../navigate";

const Drill = lazy(() => import("../panels/drill"));

export type { Board };

/** `platform`: the only one that is shown; the view's when null. */
export function BoardPage(props: { title: string; platform: string | null; children: (board: Board) => ReactNode }) {
  const view = useView();
  const { params } = useAddress();
  const board = useBoard(view, props.platform === null ? view.platforms : [props.platform]);
  const answer = board.data?.dashboard;
  const tops = useTops();
  const choosing = useChoosing();
  const own = props.platform === null ? tops : tops.filter((t) => t.platform === props.platform);
  return (
    <>
      <Top title={props.title}>
        <AsOf at={answer?.as_of} asking={board.isFetching} />
        <RangeFilter zone={answer?.time_zone} {...choosing} />
      </Top>
      <div className="page">
        <Filters of={props.platform} keys={keysOf(own)} />
        {board.error ? (
          <Failed error={board.error} retry={board.refetch} />
        ) : !board.data || !answer ? (
          <Waiting />
        ) : answer.totals.every((t) => t.count === 0 && (t.previous_count ?? 0) === 0) ? (
          <NoData />
        ) : (
          props.children(board.data)
        )}
        {answer && params.has("drill") && (
          <Suspense>
            <Drill scope={answer} keys={(of: MetricName) => keysOf(tops, [of])} />
          </Suspense>
        )}
      </div>
    </>
  );
}

/** Whether the time range is being chosen; `t` opens it. */
export function useChoosing(): { open: boolean; setOpen: (open: boolean) => void } {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const choose = () => setOpen(true);
    window.addEventListener("tessera:time", choose);
    return () => window.removeEventListener("tessera:time", choose);
  }, []);
  return { open, setOpen };
}

function Filters({ of, keys }: { of: string | null; keys: string[] }) {
  const metrics = useMetrics();
  const names = of === null ? [...new Set((metrics.data ?? []).map((m) => m.platform))] : [];
  return <FilterBar platforms={names} keys={keys} />;
}

function Waiting() {
  return (
    <>
      <div className="tiles">
        {[1, 2, 3, 4, 5].map((n) => (
          <Skeleton key={n} height={136} />
        ))}
      </div>
      <Skeleton height={360} />
    </>
  );
}

function NoData() {
  const view = useView();
  const { setView } = useNavigate();
  if (view.filters.length > 0) {
    return (
      <Empty title="No points fit the filters on these days">
        <button type="button" className="button" onClick={() => setView({ filters: [] })}>
          Take the filters away
        </button>
      </Empty>
    );
  }
  const point = '[{"platform": "coreldove", "metric_type": "revenue", "metric_name": "order_revenue", "value": 19.99}]';
  return (
    <Empty title="No data on these days yet">
      <p>Choose a longer time range, or send a first point with a key that may ingest:</p>
      <pre>{`curl -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
  ${window.location.origin}/api/analytics/data-points \\
  -d '${point}'`}</pre>
    </Empty>
  );
}
