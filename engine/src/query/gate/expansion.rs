//! How large a query is with its named subqueries multiplied out: each
//! reference is planned anew, so twenty that each name the one before twice
//! are a million scans.

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::logical_expr::sqlparser::ast::{
    Cte, Expr, ObjectName, Query, Select, Visit, Visitor,
};

/// What a part of a query comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// Tables read, each as often as it is read.
    pub(super) tables: usize,
    /// Parts of expressions.
    pub(super) expressions: usize,
}

impl Size {
    fn plus(&mut self, other: Self) {
        self.tables = self.tables.saturating_add(other.tables);
        self.expressions = self.expressions.saturating_add(other.expressions);
    }
}

/// What a query has of what is counted without multiplying.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Named subqueries, wherever they stand.
    pub(super) named: usize,
    /// Tables joined to another, by JOIN or by a comma.
    pub(super) joins: usize,
}

/// The size of a whole query.
pub(super) fn size(query: &Query) -> Size {
    of_query(query, &Names::new())
}

/// Counts in the whole query.
pub(super) fn counts(query: &Query) -> Counts {
    let mut counter = Counter(Counts::default());
    let _ = query.visit(&mut counter);
    counter.0
}

/// Named subqueries that can be seen from a place, by lower-cased name: two
/// that differ in their case alone count as the larger.
type Names = HashMap<String, Size>;

fn of_query(query: &Query, outside: &Names) -> Size {
    let (named, recursive) = match &query.with {
        Some(with) => (with.cte_tables.as_slice(), with.recursive),
        None => (&[][..], false),
    };
    let mut names = outside.clone();
    let mut before = HashMap::new();
    for cte in named {
        let name = cte.alias.name.value.to_lowercase();
        // Itself, within it, is one table.
        if recursive {
            names.insert(name.clone(), one_table());
        }
        let mut size = of_query(&cte.query, &names);
        // One that reads no table is still planned each time.
        size.tables = size.tables.max(1);
        if let Some(other) = before.get(&name).copied() {
            size = larger(size, other);
        }
        before.insert(name.clone(), size);
        names.insert(name, size);
    }
    let mut part = Part {
        query,
        named,
        names: &names,
        depth: 0,
        size: Size::default(),
    };
    let _ = query.visit(&mut part);
    part.size
}

fn one_table() -> Size {
    Size {
        tables: 1,
        expressions: 0,
    }
}

fn larger(one: Size, other: Size) -> Size {
    Size {
        tables: one.tables.max(other.tables),
        expressions: one.expressions.max(other.expressions),
    }
}

/// Adds up one query without its named subqueries; queries within it have
/// names of their own, and are measured by themselves.
struct Part<'a> {
    query: &'a Query,
    named: &'a [Cte],
    names: &'a Names,
    /// Queries within this one that the walk is in.
    depth: usize,
    size: Size,
}

impl Visitor for Part<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if std::ptr::eq(query, self.query) {
            return ControlFlow::Continue(());
        }
        let is_named = |cte: &Cte| std::ptr::eq(query, cte.query.as_ref());
        if self.depth == 0 && !self.named.iter().any(is_named) {
            self.size.plus(of_query(query, self.names));
        }
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if !std::ptr::eq(query, self.query) {
            self.depth -= 1;
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
        if self.depth == 0 {
            let size = match name.0.as_slice() {
                [only] => only.as_ident().and_then(|ident| {
                    let name = ident.value.to_lowercase();
                    self.names.get(&name).copied()
                }),
                _ => None,
            };
            self.size.plus(size.unwrap_or(one_table()));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, _expr: &Expr) -> ControlFlow<()> {
        if self.depth == 0 {
            self.size.expressions = self.size.expressions.saturating_add(1);
        }
        ControlFlow::Continue(())
    }
}

struct Counter(Counts);

impl Visitor for Counter {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if let Some(with) = &query.with {
            self.0.named += with.cte_tables.len();
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let commas = select.from.len().saturating_sub(1);
        let joined: usize = select.from.iter().map(|table| table.joins.len()).sum();
        self.0.joins += commas + joined;
        ControlFlow::Continue(())
    }
}
