// Whether the server lives and can serve.

import { useHealth } from "../api/questions";
import { Top } from "../frame/frame";
import { Failed, Skeleton } from "../frame/notice";

export default function HealthPage() {
  return (
    <>
      <Top title="Server health" />
      <div className="page">
        <HealthStates />
      </div>
    </>
  );
}

export function HealthStates() {
  return (
    <>
      <div className="columns">
        <State path="/health/live" name="The process answers" />
        <State path="/health/ready" name="It can serve: database and store are there" />
      </div>
      <p className="soft">
        Asked every ten seconds. The API is described at <a href="/docs">/docs</a>.
      </p>
    </>
  );
}

function State({ path, name }: { path: "/health/live" | "/health/ready"; name: string }) {
  const health = useHealth(path);
  return (
    <section className="panel" aria-label={name}>
      <h2>{name}</h2>
      {health.error ? (
        <Failed error={health.error} retry={() => void health.refetch()} />
      ) : !health.data ? (
        <Skeleton height={48} />
      ) : (
        <div role="status">
          <dl className="facts">
            <dt>State</dt>
            <dd className="good">✓ {health.data.status}</dd>
            <dt>Version</dt>
            <dd>{health.data.version}</dd>
          </dl>
        </div>
      )}
    </section>
  );
}
