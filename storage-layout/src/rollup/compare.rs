//! Compares stored partials with those made again from the same rows.
//!
//! Cells are matched by what they mean (day, metric, slice), never by number:
//! two encodings of one thing may number metrics and slices differently.

use std::collections::{BTreeSet, HashMap};

use super::partials::MetricDimension;
use super::{Cell, LocalDay, Measures, Partials, Slice};
use crate::decimal::{SCALE, canonical};
use crate::metric::MetricKey;

/// Differences that are told in words; more are only counted.
const TOLD: usize = 3;

/// What differs between two sets of partials.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Differences {
    /// Cells that are missing, too many or have other numbers, and keys that
    /// only one side calls incomplete.
    pub count: u64,
    /// The first few in words.
    pub told: Vec<String>,
}

impl Differences {
    /// Whether both sides say the same.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn add(&mut self, what: impl FnOnce() -> String) {
        self.count += 1;
        if self.told.len() < TOLD {
            self.told.push(what());
        }
    }
}

type Place<'a> = (i32, &'a MetricKey, &'a Slice);

impl Partials {
    /// How these, as they are stored, differ from `made`. The versions of the
    /// definitions are not compared: a reader makes stale partials again.
    pub fn differences(&self, made: &Self) -> Differences {
        let mut found = Differences::default();
        let mut stored: HashMap<Place<'_>, &Measures> = HashMap::with_capacity(self.cells.len());
        for cell in &self.cells {
            let place = self.place(cell);
            if stored.insert(place, &cell.measures).is_some() {
                found.add(|| format!("{} is there twice", words(place)));
            }
        }
        for cell in &made.cells {
            let place = made.place(cell);
            match stored.remove(&place) {
                None => found.add(|| format!("{} is missing", words(place))),
                Some(measures) if *measures != cell.measures => {
                    found.add(|| differs(place, measures, &cell.measures));
                }
                Some(_) => {}
            }
        }
        let mut left: Vec<Place<'_>> = stored.into_keys().collect();
        left.sort();
        for place in left {
            found.add(|| format!("{} has no rows", words(place)));
        }
        for (ours, theirs, what) in [
            (&self.incomplete, &made.incomplete, "values are left out"),
            (&self.numbers, &made.numbers, "there are numbers"),
        ] {
            let (ours, theirs) = (self.by_name(ours), made.by_name(theirs));
            for (metric, key) in ours.symmetric_difference(&theirs) {
                found.add(|| format!("{metric:?} and key {key:?}: whether {what}"));
            }
        }
        found
    }

    fn place(&self, cell: &Cell) -> Place<'_> {
        (cell.day, self.metric(cell.metric), self.slice(cell.slice))
    }

    fn by_name<'a>(&'a self, keys: &'a [MetricDimension]) -> BTreeSet<(&'a MetricKey, &'a str)> {
        keys.iter()
            .map(|(metric, key)| (self.metric(*metric), &**key))
            .collect()
    }
}

fn words((day, metric, slice): Place<'_>) -> String {
    let MetricKey {
        platform,
        metric_type,
        metric_name,
    } = metric;
    let slice = match slice {
        Slice::Total => String::new(),
        Slice::Dimension { key, value } => format!(" with {key} = {value:?}"),
    };
    let day = LocalDay::date(day);
    format!("{platform}/{metric_type}/{metric_name} on {day}{slice}")
}

fn differs(place: Place<'_>, stored: &Measures, made: &Measures) -> String {
    if stored.count != made.count {
        let (stored, made) = (stored.count, made.count);
        return format!("{}: count {stored} instead of {made}", words(place));
    }
    let numbers = [
        ("sum", stored.sum, made.sum),
        ("min", stored.min, made.min),
        ("max", stored.max, made.max),
        ("first", stored.first.value, made.first.value),
        ("last", stored.last.value, made.last.value),
        ("numerator", stored.numerator, made.numerator),
        ("denominator", stored.denominator, made.denominator),
    ];
    let number = |units| canonical(units, SCALE);
    let text = match numbers.iter().find(|(_, a, b)| a != b) {
        Some((name, a, b)) => format!("{name} {} instead of {}", number(*a), number(*b)),
        None => "its first or last value has another time or commit".into(),
    };
    format!("{}: {text}", words(place))
}

#[cfg(test)]
mod tests {
    use super::super::Stamped;
    use super::*;

    fn partials(names: [&str; 2], values: [i128; 2]) -> Partials {
        let metric = |name: &str| MetricKey {
            platform: "p".into(),
            metric_type: "t".into(),
            metric_name: name.into(),
        };
        let cell = |i: usize| Cell {
            day: 1,
            metric: i as u32,
            slice: 0,
            measures: Measures::of(
                Stamped {
                    recorded_at_us: 1,
                    commit_version: 1,
                    value: values[i],
                },
                0,
                0,
            ),
        };
        Partials::from_cells(
            names.map(metric).to_vec(),
            vec![Slice::Total],
            vec![cell(0), cell(1)],
        )
        .expect("partials")
    }

    #[test]
    fn partials_are_compared_by_meaning_and_not_by_number() {
        let stored = partials(["x", "y"], [5, 7]);
        assert!(stored.differences(&partials(["y", "x"], [7, 5])).is_empty());
        let wrong = stored.differences(&partials(["y", "x"], [7, 6]));
        assert_eq!(wrong.count, 1);
        assert!(
            wrong.told[0].starts_with("p/t/x on 1970-01-02"),
            "{wrong:?}"
        );
        let other = stored.differences(&partials(["x", "z"], [5, 7]));
        assert_eq!(other.count, 2, "one is missing, one has no rows");
    }
}
