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
const ExplorePage = lazy(() => import("./pages/explore"));
const ExportsPage = lazy(() => import("./pages/exports"));
const HealthPage = lazy(() => import("./pages/health"));
const KeepPage = lazy(() => import("./pages/keep"));
const KeysPage = lazy(() => import("./pages/keys"));
const MetricsPage = lazy(() => import("./pages/metrics"));
const OperatorPage = lazy(() => import("./pages/operator"));
const PlatformPage = lazy(() => import("./pages/platform"));
const QualityPage = lazy(() => import("./pages/quality"));
const SqlPage = lazy(() => import("./pages/sql"));
const UsagePage = lazy(() => import("./pages/usage"));

export function App() {
  const { path } = useAddress();
  // The operator has a key of another kind, and no tenant.
  if (path === "/app/operator") {
    return (
      <Suspense fallback={<Skeleton height={360} />}>
        <OperatorPage />
      </Suspense>
    );
  }
  return <TenantApp />;
}

function TenantApp() {
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
    case "/app/explore":
      return <ExplorePage who={who} />;
    case "/app/keys":
      return <KeysPage who={who} />;
    case "/app/usage":
      return <UsagePage who={who} />;
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
