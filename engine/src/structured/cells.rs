//! The numbers of a question before they are rows: by bucket and group, by
//! group, and in all.

use std::collections::HashMap;
use std::sync::Arc;

use storage_layout::rollup::RollupError;

use super::amount::Amount;
use crate::dashboard::Exact;
use crate::session::PartialsSource;

/// The values of the dimensions; `None` for points that lack one.
pub(super) type Group = Vec<Option<Arc<str>>>;

/// One amount for each measure.
pub(super) type Amounts = Vec<Option<Amount>>;

/// What was gathered over one period.
#[derive(Debug)]
pub(super) struct Cells {
    measures: usize,
    /// By number of the bucket and group.
    pub(super) rows: HashMap<(u32, Group), Amounts>,
    /// By group, over the whole period.
    pub(super) groups: HashMap<Group, Amounts>,
    /// Over the whole period and all groups.
    pub(super) total: Amounts,
    /// Where each measure came from.
    pub(super) sources: Vec<PartialsSource>,
    pub(super) rows_scanned: u64,
}

impl Cells {
    pub(super) fn new(measures: usize) -> Self {
        Self {
            measures,
            rows: HashMap::new(),
            groups: HashMap::new(),
            total: vec![None; measures],
            sources: vec![PartialsSource::Rollup; measures],
            rows_scanned: 0,
        }
    }

    /// Adds to a cell, and to what it is a part of.
    pub(super) fn add(
        &mut self,
        bucket: u32,
        group: &Group,
        measure: usize,
        amount: Amount,
    ) -> Result<(), RollupError> {
        let measures = self.measures;
        let empty = || vec![None; measures];
        let row = self.rows.entry((bucket, group.clone()));
        merge(&mut row.or_insert_with(empty)[measure], amount)?;
        match self.groups.get_mut(group) {
            Some(of_group) => merge(&mut of_group[measure], amount)?,
            None => {
                let mut of_group = empty();
                of_group[measure] = Some(amount);
                self.groups.insert(group.clone(), of_group);
            }
        }
        merge(&mut self.total[measure], amount)
    }

    /// Sets a group's number over the whole period, which does not follow from
    /// those of its buckets.
    pub(super) fn set_group(&mut self, group: Group, measure: usize, amount: Amount) {
        let measures = self.measures;
        let of_group = self.groups.entry(group);
        of_group.or_insert_with(|| vec![None; measures])[measure] = Some(amount);
    }

    /// The numbers in all.
    pub(super) fn finished_total(&self) -> Result<Vec<Option<Exact>>, RollupError> {
        finished(&self.total)
    }
}

pub(super) fn merge(into: &mut Option<Amount>, amount: Amount) -> Result<(), RollupError> {
    match into {
        Some(known) => known.merge(amount),
        None => {
            *into = Some(amount);
            Ok(())
        }
    }
}

pub(super) fn finished(amounts: &Amounts) -> Result<Vec<Option<Exact>>, RollupError> {
    let finish = |amount: &Option<Amount>| match amount {
        Some(amount) => amount.finish(),
        None => Ok(None),
    };
    amounts.iter().map(finish).collect()
}
