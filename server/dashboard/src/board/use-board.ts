// The board of a page, asked by structured questions.

import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Metric } from "../api/answers";
import { queryOptions } from "../api/query";
import { useDashboard, useMetrics } from "../api/questions";
import { useServer, type Refusal } from "../api/server";
import type { View } from "../view";
import { boardQuestions, composed, type Board } from "./compose";

export interface AskedBoard {
  data: Board | undefined;
  error: Refusal | null;
  isFetching: boolean;
  refetch: () => void;
}

/** More metrics than this are no overview. */
const MOST_METRICS = 64;

export function useBoard(view: View, platforms: string[]): AskedBoard {
  const server = useServer();
  const metrics = useMetrics();
  // For the dimensions that there are, and what moves together.
  const known = useDashboard({ ...view, filters: [], compare: "none" });
  const wanted = (metrics.data ?? []).filter((m) => platforms.length === 0 || platforms.includes(m.platform));
  const chosen = fairly(wanted, MOST_METRICS);
  const questions = metrics.data ? boardQuestions(chosen, view) : [];
  const asked = useQueries({ queries: questions.map((question) => queryOptions(server, question)) });
  const answers = asked.flatMap((a) => (a.data ? [a.data] : []));
  const whole = metrics.data !== undefined && answers.length === asked.length;
  // Charts are drawn again when this changes, and only then.
  const state = [whole, known.dataUpdatedAt, metrics.dataUpdatedAt, ...asked.map((a) => a.dataUpdatedAt), JSON.stringify(view), platforms.join()].join();
  const data = useMemo(() => {
    if (!whole) return undefined;
    const parts = { tops: known.data?.top_values ?? [], insights: known.data?.insights ?? [] };
    return composed(chosen, view, answers, parts) ?? nothing(view, known.data);
  }, [state]);
  return {
    data,
    error: metrics.error ?? asked.find((a) => a.error)?.error ?? null,
    isFetching: asked.some((a) => a.isFetching),
    refetch: () => {
      void metrics.refetch();
      for (const one of asked) void one.refetch();
    },
  };
}

/** A tenant without a metric has a board with nothing on it. */
function nothing(view: View, known: Board["dashboard"] | undefined): Board | undefined {
  return known && { dashboard: { ...known, totals: [], series: [], top_values: [] }, previous: undefined, view };
}

/** The first of each platform in turn, so that none is left out for another. */
export function fairly<M extends Pick<Metric, "platform">>(metrics: M[], most: number): M[] {
  if (metrics.length <= most) return metrics;
  const turns = new Map<string, number>();
  return metrics
    .map((metric) => {
      const turn = turns.get(metric.platform) ?? 0;
      turns.set(metric.platform, turn + 1);
      return { metric, turn };
    })
    .sort((a, b) => a.turn - b.turn)
    .slice(0, most)
    .map(({ metric }) => metric);
}
