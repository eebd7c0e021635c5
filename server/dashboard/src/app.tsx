// Which page an address is, for whom.

import { lazy, Suspense, useMemo } from "react";
import { usePlatforms, useSignedIn } from "./api/questions";
import type { SignedIn } from "./api/answers";
import { Boundary } from "./frame/boundary";
import { Frame, Top } from "./frame/frame";
import { Empty, Failed, Skeleton } from "./frame/notice";
import { SignIn } from "./frame/sign-in";
import { Link, useAddress } from "./navigate";
import { Overview } from "./pages/overview";
import { looksOf, LooksContext } from "./platforms";

// What is looked at less often comes when it is.
const ExportsPage = lazy(() => import("./pages/exports"));
const HealthPage = lazy(() => import("./pages/health"));
const KeepPage = lazy(() => import("./pages/keep"));
const MetricsPage = lazy(() => import("./pages/metrics"));
const PlatformPage = lazy(() => import("./pages/platform"));
const QualityPage = lazy(() => import("./pages/quality"));
const SqlPage = lazy(() => import("./pages/sql"));

export function App() {
  const who = useSignedIn();
  if (who.error?.signedOut) return <SignIn ended={who.error.problem.detail !== "nobody is signed in"} />;
  if (who.error) {
    return (
      <main className="sign-in">
        <Failed error={who.error} retry={() => void who.refetch()} />
      </main>
    );
  }
  if (!who.data) {
    return (
      <main className="sign-in">
        <Skeleton height={120} />
      </main>
    );
  }
  return <SignedInApp who={who.data} />;
}

function SignedInApp({ who }: { who: SignedIn }) {
  const { path } = useAddress();
  const platforms = usePlatforms();
  const looks = useMemo(() => looksOf(platforms.data ?? []), [platforms.data]);
  return (
    <LooksContext value={looks}>
      <Frame who={who}>
        <Boundary key={path}>
          <Suspense fallback={<Skeleton height={360} />}>
            <Page path={path} who={who} />
          </Suspense>
        </Boundary>
      </Frame>
    </LooksContext>
  );
}

function Page({ path, who }: { path: string; who: SignedIn }) {
  const platform = /^\/app\/platforms\/([^/]+)$/.exec(path)?.[1];
  if (platform) return <PlatformPage platform={decodeURIComponent(platform)} />;
  switch (path) {
    case "/":
      return <Overview />;
    case "/app/sql":
      return <SqlPage who={who} />;
    case "/app/metrics":
      return <MetricsPage who={who} />;
    case "/app/quality":
      return <QualityPage who={who} />;
    case "/app/exports":
      return <ExportsPage who={who} />;
    case "/app/keep":
      return <KeepPage who={who} />;
    case "/app/health":
      return <HealthPage />;
    default:
      return (
        <>
          <Top title="Not here" />
          <div className="page">
            <Empty title="There is no such page">
              <Link href="/">Go to the overview</Link>
            </Empty>
          </div>
        </>
      );
  }
}
