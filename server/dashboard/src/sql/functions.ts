// The functions that a tenant's SQL may call, for completion. A test holds the
// list against the engine's own.

/** Of one row. */
export const VALUES = `
  abs acos acosh array_element array_has array_length arrow_cast arrow_try_cast arrow_typeof
  ascii asin asinh atan atan2 atanh bit_length btrim cardinality cbrt ceil character_length chr
  coalesce concat concat_ws contains cos cosh cot current_date current_time date_bin date_part
  date_trunc decode degrees digest encode ends_with exp factorial find_in_set floor from_unixtime
  gcd greatest initcap isnan iszero lcm least left levenshtein ln log log10 log2 lower lpad ltrim
  make_date make_time md5 nanvl now nullif nvl nvl2 octet_length overlay pi power radians random
  regexp_count regexp_instr regexp_like regexp_match regexp_replace repeat replace reverse right
  round rpad rtrim sha224 sha256 sha384 sha512 signum sin sinh split_part sqrt starts_with strpos
  substr substr_index tan tanh time_bucket to_char to_date to_hex to_local_time to_time
  to_timestamp to_timestamp_micros to_timestamp_millis to_timestamp_nanos to_timestamp_seconds
  to_unixtime translate trunc upper uuid
`;

/** Of many rows. */
export const AGGREGATES = `
  any_value approx_distinct approx_median approx_percentile_cont
  approx_percentile_cont_with_weight avg bit_and bit_or bit_xor bool_and bool_or corr count
  covar_pop covar_samp first_value grouping last_value max median min nth_value percentile_cont
  regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy
  stddev stddev_pop string_agg sum var var_pop
`;

/** Over a window of rows. */
export const WINDOWS = `
  cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank
  row_number
`;

/** What else stands beside a name that is completed. */
const NOTES: Record<string, string> = {
  time_bucket: "(interval, time, zone)",
  date_trunc: "('day', time)",
  approx_percentile_cont: "(0.95) within group (order by …)",
  coalesce: "(value, otherwise)",
  nullif: "(value, other)",
};

export interface FunctionName {
  name: string;
  note: string;
}

export const FUNCTIONS: FunctionName[] = (
  [
    [VALUES, "function"],
    [AGGREGATES, "aggregate"],
    [WINDOWS, "window"],
  ] as const
).flatMap(([names, what]) =>
  names.trim().split(/\s+/).map((name) => ({ name, note: NOTES[name] ?? what })),
);
