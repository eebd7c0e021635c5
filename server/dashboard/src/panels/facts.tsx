// A few numbers that SQL gives, in a row.

import type { Cell, MetricName, Scope } from "../api/answers";
import { useSql, type Question } from "../api/questions";
import { Failed, Skeleton } from "../frame/notice";
import { inPlace } from "../sql-text";
import { Panel } from "./panel";

export interface Fact {
  name: string;
  value: string;
}

export function FactsPanel(props: {
  name: string;
  question: Question;
  definition: string;
  metric: MetricName;
  scope: Scope;
  facts: (row: Cell[]) => Fact[];
}) {
  const answer = useSql(props.question, props.scope.version);
  const row = answer.data?.rows[0];
  const facts = row ? props.facts(row) : [];
  return (
    <Panel
      title={props.name}
      name={props.name}
      origin={{ definition: props.definition, metrics: [props.metric], sql: inPlace(props.question) }}
      scope={props.scope}
    >
      {() => {
        if (answer.error) return <Failed error={answer.error} retry={() => void answer.refetch()} />;
        if (!row) return <Skeleton height={96} />;
        return (
          <dl className="stats">
            {facts.map((fact) => (
              <div key={fact.name}>
                <dt>{fact.name}</dt>
                <dd>{fact.value}</dd>
              </div>
            ))}
          </dl>
        );
      }}
    </Panel>
  );
}
