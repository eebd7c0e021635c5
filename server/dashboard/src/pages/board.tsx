// What the overview and the platforms' pages have in common: the bar with its
// filters, the answer or what stands in its place, and the points behind.

import { lazy, Suspense, useEffect, useState, type ReactNode } from "react";
import type { Dashboard } from "../api/answers";
import { useDashboard, usePreviousDashboard } from "../api/questions";
import { AsOf } from "../frame/as-of";
import { PlatformFilter, RangeFilter } from "../frame/filters";
import { Top } from "../frame/frame";
import { Empty, Failed, Skeleton } from "../frame/notice";
import { useAddress, useView } from "../navigate";
import type { View } from "../view";

const Drill = lazy(() => import("../panels/drill"));

export interface Board {
  dashboard: Dashboard;
  previous: Dashboard | undefined;
  view: View;
}

export function BoardPage(props: { title: string; withPlatforms: boolean; children: (board: Board) => ReactNode }) {
  const view = useView();
  const { params } = useAddress();
  const answer = useDashboard(view);
  const previous = usePreviousDashboard(answer.data, view);
  const [choosing, setChoosing] = useState(false);
  useEffect(() => {
    const open = () => setChoosing(true);
    window.addEventListener("tessera:time", open);
    return () => window.removeEventListener("tessera:time", open);
  }, []);
  const names = [...new Set((answer.data?.totals ?? []).map((t) => t.platform))];
  return (
    <>
      <Top title={props.title}>
        <AsOf at={answer.data?.as_of} asking={answer.isFetching} />
        <RangeFilter zone={answer.data?.time_zone} open={choosing} setOpen={setChoosing} />
      </Top>
      <div className="page">
        {props.withPlatforms && <PlatformFilter names={names} />}
        {answer.error ? (
          <Failed error={answer.error} retry={() => void answer.refetch()} />
        ) : !answer.data ? (
          <Waiting />
        ) : answer.data.totals.every((t) => t.count === 0 && (t.previous_count ?? 0) === 0) ? (
          <NoData />
        ) : (
          props.children({ dashboard: answer.data, previous, view })
        )}
        {answer.data && params.has("drill") && (
          <Suspense>
            <Drill dashboard={answer.data} />
          </Suspense>
        )}
      </div>
    </>
  );
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
