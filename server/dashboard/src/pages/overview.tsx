// All platforms on one page.

import { sameMetric } from "../api/answers";
import { Boundary } from "../frame/boundary";
import { Dot } from "../frame/icons";
import { headlines, metricTitle, rowsOf, written, type Headline } from "../metrics";
import { headline } from "../metrics";
import { Link, useNavigate } from "../navigate";
import { FunnelPanel } from "../panels/funnel";
import { RankingPanel } from "../panels/ranking";
import { SeriesPanel, type Shown } from "../panels/series";
import { Change, Tile } from "../panels/tile";
import { TogetherPanel } from "../panels/together";
import { Sparkline } from "../charts/sparkline";
import { useLooks } from "../platforms";
import { BoardPage, type Board } from "./board";

export function Overview() {
  return (
    <BoardPage title="Overview" platform={null}>
      {(board) => <Panels {...board} />}
    </BoardPage>
  );
}

function Panels({ dashboard, previous, view }: Board) {
  const looks = useLooks();
  const rows = rowsOf(dashboard, view.platforms);
  const revenue: Shown[] = rows
    .filter((r) => r.total.metric_type === "revenue" && r.total.kind === "sum")
    .map((r) => ({ name: looks(r.total.platform).title, colour: looks(r.total.platform).colour, metric: r.total, kind: r.total }));
  const ratio = rows.find((r) => r.total.kind === "ratio")?.total;
  const performance = rows.find((r) => r.total.metric_type === "performance")?.total;
  const top = (metric: string, key: string) => {
    const total = rows.find((r) => r.total.metric_name === metric)?.total;
    if (!total || !dashboard.top_values.some((t) => sameMetric(t, total) && t.key === key)) return null;
    return (
      <Boundary>
        <RankingPanel metric={total} dimension={key} dashboard={dashboard} colour={looks(total.platform).colour} limit={7} />
      </Boundary>
    );
  };
  return (
    <>
      <div className="tiles">
        {headlines(dashboard, view.platforms).map((of) => (
          <Tile key={of.id} of={of} dashboard={dashboard} />
        ))}
      </div>
      <div className="columns wide">
        {revenue.length > 0 && (
          <Boundary>
            <SeriesPanel name="Revenue by platform" shown={revenue} dashboard={dashboard} previous={previous} tall />
          </Boundary>
        )}
        <Boundary>
          <TogetherPanel dashboard={dashboard} platforms={view.platforms} />
        </Boundary>
      </div>
      <div className="cards">
        {[...new Set(rows.map((r) => r.total.platform))].map((platform) => (
          <PlatformCard key={platform} platform={platform} of={rows.filter((r) => r.total.platform === platform).map(headline)} compared={Boolean(dashboard.previous_range)} />
        ))}
      </div>
      <div className="columns">
        {ratio?.kind === "ratio" && (
          <Boundary>
            <FunnelPanel
              ratio={ratio}
              revenue={rows.find((r) => r.total.platform === ratio.platform && r.total.metric_type === "revenue")?.total}
              dashboard={dashboard}
              colour={looks(ratio.platform).colour}
            />
          </Boundary>
        )}
        {top("order_revenue", "customer_type")}
        {top("listing_views", "category")}
        {top("listing_views", "location")}
        {top("gaming_session", "game_type")}
        {performance && (
          <Boundary>
            <SeriesPanel
              name="Trading result, added up"
              shown={[{ name: metricTitle(performance), colour: looks(performance.platform).colour, metric: performance, kind: performance }]}
              dashboard={dashboard}
              previous={undefined}
              cumulative
              definition="Each day's result with all days of the range before it added."
            />
          </Boundary>
        )}
      </div>
    </>
  );
}

function PlatformCard({ platform, of, compared }: { platform: string; of: Headline[]; compared: boolean }) {
  const looks = useLooks();
  const { keepView } = useNavigate();
  const { title, colour } = looks(platform);
  const lead = of.find((h) => h.kind.kind === "sum") ?? of[0];
  return (
    <section className="panel" aria-label={title}>
      <h2>
        <Link href={keepView(`/app/platforms/${encodeURIComponent(platform)}`)}>
          <Dot colour={colour} />
          {title}
        </Link>
      </h2>
      <dl className="stats">
        {of.slice(0, 3).map((h) => (
          <div key={h.id}>
            <dt title={h.title}>{h.title}</dt>
            <dd title={written(h.kind, h.value).full}>{written(h.kind, h.value).short}</dd>
            {compared && (
              <dd className="change">
                <Change of={h} />
              </dd>
            )}
          </div>
        ))}
      </dl>
      {lead && <Sparkline points={lead.line} colour={colour} />}
    </section>
  );
}
