//! How the numbers that raw points give are spread over queries: each query
//! holds as many as the gate lets through and the planner is quick with.

use storage_layout::MetricKind;

/// Parts of a query: so many are planned in few milliseconds.
const BRANCHES_PER_QUERY: usize = 24;
/// Operators of a query, well below what any query may have.
const OPERATORS_PER_QUERY: usize = 320;
/// Operators of a branch, but for those that name its series.
const BRANCH_OPERATORS: usize = 12;

/// One number, or the days, of one metric.
#[derive(Debug, Clone, Copy)]
pub(super) struct Branch {
    /// Which of the metrics that are asked about.
    pub(super) panel: usize,
    pub(super) part: Part,
}

/// Which of them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// Each day of the range.
    Days,
    /// The range.
    Current,
    /// The period before it.
    Previous,
}

/// The branches for metrics of these kinds, by query. Those of a metric with
/// many series may be all that a query holds.
pub(super) fn queries(kinds: &[&MetricKind], compared: bool) -> Vec<Vec<Branch>> {
    let mut queries: Vec<Vec<Branch>> = Vec::new();
    let mut operators = 0;
    for (panel, kind) in kinds.iter().enumerate() {
        let series = match kind {
            MetricKind::Gauge { series, .. } => series.len(),
            _ => 1,
        };
        let own = BRANCH_OPERATORS + series;
        for part in [Part::Days, Part::Current, Part::Previous] {
            if matches!(part, Part::Previous) && !compared {
                continue;
            }
            let branch = Branch { panel, part };
            match queries.last_mut() {
                Some(query)
                    if query.len() < BRANCHES_PER_QUERY
                        && operators + own <= OPERATORS_PER_QUERY =>
                {
                    query.push(branch);
                    operators += own;
                }
                _ => {
                    queries.push(vec![branch]);
                    operators = own;
                }
            }
        }
    }
    queries
}

#[cfg(test)]
mod tests {
    use storage_layout::Combine;

    use super::*;

    #[test]
    fn every_number_is_asked_for_once_and_no_query_holds_too_much() {
        let gauge = |series: usize| MetricKind::Gauge {
            series: vec!["a".to_owned(); series],
            combine: Combine::Sum,
        };
        let kinds = [8, 8, 1, 0, 8, 300, 2, 8, 8, 7, 8, 8].map(gauge);
        let kinds: Vec<&MetricKind> = kinds.iter().collect();
        for (compared, parts) in [(true, 3), (false, 2)] {
            let queries = queries(&kinds, compared);
            let all: Vec<&Branch> = queries.iter().flatten().collect();
            assert_eq!(all.len(), parts * kinds.len());
            assert!(all.windows(2).all(|pair| pair[0].panel <= pair[1].panel));
            for query in &queries {
                let series = |branch: &Branch| match kinds[branch.panel] {
                    MetricKind::Gauge { series, .. } => BRANCH_OPERATORS + series.len(),
                    _ => 0,
                };
                let operators: usize = query.iter().map(series).sum();
                assert!(operators <= OPERATORS_PER_QUERY || query.len() == 1);
                assert!((1..=BRANCHES_PER_QUERY).contains(&query.len()));
            }
        }
    }
}
