/** Sends data points to Tessera and asks it questions. Start with {@link Tessera}. */

export { Tessera, type Options } from "./tessera.js";
export { Batch, type RejectedPoint } from "./batch.js";
export {
  IncompleteAnswer,
  LimitReached,
  PointsRejected,
  Problem,
  TesseraError,
  Unavailable,
  Unreachable,
  type Limit,
} from "./errors.js";
export type { Ingested, Json, Point, PointFields, Rejected } from "./ingest.js";
export type { Answer, Cell, Column, QuestionAnswer, QuestionColumn, Total } from "./answer.js";
export type { Aggregate, Filter, Granularity, Metric, Order, Question, Top } from "./question.js";
export type { Exported, ExportSource } from "./export.js";
export { retries, type Retry } from "./retry.js";
