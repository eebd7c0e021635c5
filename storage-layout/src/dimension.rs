//! Shredding: which columns a tenant's dimension keys live in.
//!
//! Strings and booleans of key `k` go to `dim_k`, numbers to `num_k`. Neither
//! column ever changes its type. This file holds the rules; `shred` applies
//! them to points, and the metadata modules store the registry.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Prefix of text columns.
pub const TEXT_PREFIX: &str = "dim_";
/// Prefix of number columns.
pub const NUMBER_PREFIX: &str = "num_";

/// The columns of one dimension key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DimensionColumn {
    /// The key as its tenant writes it.
    pub key: Arc<str>,
    /// The name both columns share after their prefix: lower case, `a-z0-9_`.
    pub column: Arc<str>,
    /// Whether some points hold the key only in their JSON text (sent before it
    /// was registered, or with a number that does not fit the column).
    pub partial: bool,
}

impl DimensionColumn {
    /// Name of the text column.
    pub fn text_column(&self) -> String {
        format!("{TEXT_PREFIX}{}", self.column)
    }

    /// Name of the number column.
    pub fn number_column(&self) -> String {
        format!("{NUMBER_PREFIX}{}", self.column)
    }
}

/// All dimension keys of one tenant, at one version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DimensionRegistry {
    /// Grows by one with each change; part of every plan and cache key.
    pub version: i64,
    /// Whether a key was ever turned away because the plan's cap was reached:
    /// from then on an unregistered key may hide in the JSON text.
    pub overflowed: bool,
    by_key: BTreeMap<Arc<str>, DimensionColumn>,
}

impl DimensionRegistry {
    /// A registry of these columns.
    pub fn new(version: i64, overflowed: bool, columns: Vec<DimensionColumn>) -> Self {
        let by_key = columns.into_iter().map(|c| (c.key.clone(), c)).collect();
        Self {
            version,
            overflowed,
            by_key,
        }
    }

    /// The columns of a key, if it is registered.
    pub fn get(&self, key: &str) -> Option<&DimensionColumn> {
        self.by_key.get(key)
    }

    /// All columns, ordered by key.
    pub fn columns(&self) -> impl Iterator<Item = &DimensionColumn> {
        self.by_key.values()
    }

    /// How many keys are registered.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether no key is registered.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// Adds columns that a commit is about to register.
    pub fn extend(&mut self, columns: impl IntoIterator<Item = DimensionColumn>) {
        self.by_key
            .extend(columns.into_iter().map(|c| (c.key.clone(), c)));
    }

    /// Names columns for keys that are not registered yet, in the order given,
    /// as far as `cap` (all keys of the tenant together) allows. The second
    /// answer says whether a key had to be left out.
    pub fn propose<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a str>,
        cap: usize,
    ) -> (Vec<DimensionColumn>, bool) {
        let mut taken: HashSet<Arc<str>> = self.columns().map(|c| c.column.clone()).collect();
        let mut proposed: Vec<DimensionColumn> = Vec::new();
        let mut left_out = false;
        for key in keys {
            if self.by_key.contains_key(key) || proposed.iter().any(|c| &*c.key == key) {
                continue;
            }
            if self.len() + proposed.len() >= cap {
                left_out = true;
                continue;
            }
            let column = free_name(key, &taken);
            taken.insert(column.clone());
            proposed.push(DimensionColumn {
                key: key.into(),
                column,
                partial: self.overflowed,
            });
        }
        (proposed, left_out)
    }
}

/// Lower case, everything but letters and digits becomes `_`; a collision gets
/// the first free number behind it.
fn free_name(key: &str, taken: &HashSet<Arc<str>>) -> Arc<str> {
    let base: String = key
        .chars()
        .take(48)
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .collect();
    let mut name: Arc<str> = base.as_str().into();
    let mut suffix = 2;
    while taken.contains(&name) {
        name = format!("{base}_{suffix}").into();
        suffix += 1;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_fold_to_one_name_get_a_number() {
        let (columns, left_out) =
            DimensionRegistry::default().propose(["City", "city", "ci-ty", "City"], 10);
        let names: Vec<&str> = columns.iter().map(|c| &*c.column).collect();
        assert_eq!(names, ["city", "city_2", "ci_ty"]);
        assert!(!left_out);
    }

    #[test]
    fn keys_beyond_the_cap_are_left_out_and_later_ones_are_partial() {
        let registry = DimensionRegistry::new(1, true, vec![]);
        let (columns, left_out) = registry.propose(["a", "b", "c"], 2);
        assert_eq!(columns.len(), 2);
        assert!(left_out && columns.iter().all(|c| c.partial));
    }
}
