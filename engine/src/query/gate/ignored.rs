//! Clauses that the planner would pass over in silence: an answer without them
//! would look like one with them, so they are refused.

use std::ops::ControlFlow;

use datafusion::logical_expr::sqlparser::ast::{
    self, Select, Spanned, TableFactor, Visit, Visitor,
};

use super::refused;
use crate::error::{Error, Location, Result};

/// Refuses the first such clause, at the query's or table's place or at `start`.
pub(super) fn check(query: &ast::Query, start: Location) -> Result<()> {
    match query.visit(&mut Ignored { start }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

struct Ignored {
    start: Location,
}

impl Ignored {
    /// Refuses by the first name whose clause is there.
    fn none_of(&self, clauses: &[(bool, &str)], of: &impl Spanned) -> ControlFlow<Error> {
        let Some((_, name)) = clauses.iter().find(|(there, _)| *there) else {
            return ControlFlow::Continue(());
        };
        let start = of.span().start;
        let place = match start.line {
            0 => self.start,
            line => Location {
                line,
                column: start.column,
            },
        };
        let hint = match *name {
            "TABLESAMPLE" => "filter by time, or with LIMIT",
            _ => "leave it out",
        };
        ControlFlow::Break(refused(
            format!("{name} has no meaning here and is not passed over"),
            hint,
            place,
        ))
    }
}

impl Visitor for Ignored {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &ast::Query) -> ControlFlow<Error> {
        let clauses = [
            (!query.locks.is_empty(), "FOR UPDATE or FOR SHARE"),
            (query.for_clause.is_some(), "FOR XML, JSON or BROWSE"),
            (query.settings.is_some(), "SETTINGS"),
            (query.format_clause.is_some(), "FORMAT"),
        ];
        self.none_of(&clauses, query)
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Error> {
        let clauses = [
            (select.into.is_some(), "INTO"),
            (select.exclude.is_some(), "EXCLUDE"),
            (select.prewhere.is_some(), "PREWHERE"),
            (!select.connect_by.is_empty(), "CONNECT BY"),
            (!select.distribute_by.is_empty(), "DISTRIBUTE BY"),
            (select.value_table_mode.is_some(), "AS VALUE or AS STRUCT"),
        ];
        self.none_of(&clauses, select)
    }

    fn pre_visit_table_factor(&mut self, table: &TableFactor) -> ControlFlow<Error> {
        match table {
            TableFactor::Table {
                with_hints,
                version,
                with_ordinality,
                partitions,
                json_path,
                sample,
                index_hints,
                ..
            } => {
                let clauses = [
                    (sample.is_some(), "TABLESAMPLE"),
                    (*with_ordinality, "WITH ORDINALITY"),
                    (version.is_some(), "a table's version"),
                    (!partitions.is_empty(), "PARTITION"),
                    (!with_hints.is_empty(), "a table's hint"),
                    (!index_hints.is_empty(), "a table's hint"),
                    (json_path.is_some(), "a path into a table"),
                ];
                self.none_of(&clauses, table)
            }
            TableFactor::Derived { sample, .. } => {
                self.none_of(&[(sample.is_some(), "TABLESAMPLE")], table)
            }
            _ => ControlFlow::Continue(()),
        }
    }
}
