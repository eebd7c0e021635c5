//! What differs between two answers, as cells to be set.
//!
//! Answers are compared as JSON text, so that a number keeps its digits: equal
//! parts are passed over without being read.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::value::RawValue;

/// Of the whole answer and not cells of it; told beside the changes.
const BESIDE: [&str; 3] = ["as_of", "stats", "version"];

/// What cells may be longer than what holds them: a short row is told by its
/// cells, too.
const SMALL_BYTES: usize = 64;

/// A cell and what stands in it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// The way to it, a JSON array.
    path: Box<str>,
    /// JSON.
    value: Box<str>,
}

/// What makes one answer of another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Changes {
    of: Vec<Change>,
    /// Whether arrays became longer or shorter, so that the order of the changes
    /// matters beyond one cell.
    pub(super) moves_cells: bool,
}

impl Changes {
    /// Bytes of their JSON, about.
    pub(super) fn bytes(&self) -> usize {
        self.of.iter().map(Change::bytes).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// As JSON: `[[path, value], …]`.
    pub(super) fn json(&self) -> String {
        let mut text = String::with_capacity(self.bytes() + 2);
        text.push('[');
        for (i, change) in self.of.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            let _ = write!(text, "{comma}[{},{}]", change.path, change.value);
        }
        text.push(']');
        text
    }

    /// Adds what came later: of each cell the last value stays. Only for changes
    /// that move no cells.
    pub(super) fn then(&mut self, later: &Self) {
        for change in &later.of {
            self.of.retain(|earlier| !earlier.is_within(change));
            self.of.push(change.clone());
        }
    }
}

impl Change {
    fn bytes(&self) -> usize {
        self.path.len() + self.value.len() + 4
    }

    /// Whether it is overwritten by the other.
    fn is_within(&self, other: &Self) -> bool {
        let stem = other.path.trim_end_matches(']');
        let rest = self.path.strip_prefix(stem);
        rest.is_some_and(|rest| rest.starts_with([',', ']']))
    }
}

/// What makes `new` of `old`; `None` when the whole is no longer than that.
pub(super) fn between(old: &str, new: &str) -> Option<Changes> {
    let (old, new) = (raw(old)?, raw(new)?);
    let mut changes = Changes::default();
    let mut path = Path::default();
    let (old, new) = (object(old)?, object(new)?);
    let cells = |of: &BTreeMap<String, &RawValue>| -> Vec<String> {
        let named = of.keys().filter(|key| !BESIDE.contains(&key.as_str()));
        named.cloned().collect()
    };
    if cells(&old) != cells(&new) {
        return None;
    }
    let mut whole_bytes = 0;
    for (key, value) in &new {
        whole_bytes += value.get().len();
        if !BESIDE.contains(&key.as_str()) {
            path.within(&quoted(key), |path| {
                compare(old[key], value, path, &mut changes);
            });
        }
    }
    (changes.bytes() < whole_bytes).then_some(changes)
}

fn compare(old: &RawValue, new: &RawValue, path: &mut Path, changes: &mut Changes) {
    if old.get() == new.get() {
        return;
    }
    let mut inner = Changes::default();
    let told = match (object(old), object(new)) {
        (Some(old), Some(new)) => objects(&old, &new, path, &mut inner),
        _ => match (array(old), array(new)) {
            (Some(old), Some(new)) => {
                arrays(&old, &new, path, &mut inner);
                true
            }
            _ => false,
        },
    };
    if told && inner.bytes() <= new.get().len() + SMALL_BYTES {
        changes.of.append(&mut inner.of);
        changes.moves_cells |= inner.moves_cells;
    } else {
        changes.of.push(path.change(new.get()));
    }
}

/// Whether the two could be told apart by their members.
fn objects(
    old: &BTreeMap<String, &RawValue>,
    new: &BTreeMap<String, &RawValue>,
    path: &mut Path,
    changes: &mut Changes,
) -> bool {
    if !old.keys().eq(new.keys()) {
        return false;
    }
    for (key, value) in new {
        path.within(&quoted(key), |path| compare(old[key], value, path, changes));
    }
    true
}

fn arrays(old: &[&RawValue], new: &[&RawValue], path: &mut Path, changes: &mut Changes) {
    if new.len() < old.len() {
        changes.moves_cells = true;
        path.within("\"length\"", |path| {
            changes.of.push(path.change(&new.len().to_string()));
        });
    }
    for (i, value) in new.iter().enumerate() {
        path.within(&i.to_string(), |path| match old.get(i) {
            Some(old) => compare(old, value, path, changes),
            None => {
                changes.moves_cells = true;
                changes.of.push(path.change(value.get()));
            }
        });
    }
}

/// The way to a cell, as JSON without its brackets.
#[derive(Default)]
struct Path(String);

impl Path {
    fn within(&mut self, step: &str, inside: impl FnOnce(&mut Self)) {
        let length = self.0.len();
        if length > 0 {
            self.0.push(',');
        }
        self.0.push_str(step);
        inside(self);
        self.0.truncate(length);
    }

    fn change(&self, value: &str) -> Change {
        Change {
            path: format!("[{}]", self.0).into(),
            value: value.into(),
        }
    }
}

fn raw(text: &str) -> Option<&RawValue> {
    serde_json::from_str(text).ok()
}

fn object(of: &RawValue) -> Option<BTreeMap<String, &RawValue>> {
    of.get()
        .starts_with('{')
        .then(|| serde_json::from_str(of.get()).ok())?
}

fn array(of: &RawValue) -> Option<Vec<&RawValue>> {
    of.get()
        .starts_with('[')
        .then(|| serde_json::from_str(of.get()).ok())?
}

fn quoted(key: &str) -> String {
    serde_json::Value::from(key).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Applies changes as a client does.
    fn apply(answer: &mut Value, changes: &Changes) {
        let changes: Vec<(Vec<Value>, Value)> =
            serde_json::from_str(&changes.json()).expect("JSON");
        for (path, value) in changes {
            let (last, way) = path.split_last().expect("a path");
            let mut at = &mut *answer;
            for step in way {
                at = match step {
                    Value::String(key) => &mut at[key.as_str()],
                    index => &mut at[index.as_u64().expect("an index") as usize],
                };
            }
            match (last, at) {
                (Value::String(key), Value::Array(array)) if key == "length" => {
                    array.truncate(value.as_u64().expect("a length") as usize);
                }
                (Value::String(key), at) => at[key.as_str()] = value,
                (index, Value::Array(array)) => {
                    let index = index.as_u64().expect("an index") as usize;
                    match array.get_mut(index) {
                        Some(cell) => *cell = value,
                        None => array.push(value),
                    }
                }
                (_, other) => panic!("{other} has no places"),
            }
        }
    }

    fn rows(of: &[Value]) -> Value {
        let filler = "x".repeat(200);
        json!({"version": 1, "as_of": "t", "filler": filler, "rows": of})
    }

    #[test]
    fn only_the_cells_that_differ_are_told() {
        let old = rows(&[json!(["GB", 1.5]), json!(["DE", 2]), json!(["FR", null])]);
        let mut new = old.clone();
        new["rows"][1][1] = json!(7);
        new["version"] = json!(2);
        let changes = between(&old.to_string(), &new.to_string()).expect("changes");
        assert_eq!(changes.json(), r#"[[["rows",1,1],7]]"#);
        assert!(!changes.moves_cells);
    }

    #[test]
    fn digits_that_no_float_holds_are_kept() {
        let old = format!(r#"{{"n":1,"filler":"{}"}}"#, "x".repeat(99));
        let new = old.replacen(":1,", ":9007199254740993.000000001,", 1);
        let changes = between(&old, &new).expect("changes");
        assert_eq!(changes.json(), r#"[[["n"],9007199254740993.000000001]]"#);
    }

    #[test]
    fn rows_that_come_go_and_move_arrive_as_they_are() {
        let row = |name: &str, n: i32| json!([name, n, "padding padding padding"]);
        let states = [
            vec![row("a", 1), row("b", 2)],
            vec![row("a", 1), row("b", 2), row("c", 3)],
            vec![row("c", 4), row("a", 1)],
            vec![],
            vec![row("z", 0)],
        ];
        for pair in states.windows(2) {
            let (mut old, new) = (rows(&pair[0]), rows(&pair[1]));
            let changes = between(&old.to_string(), &new.to_string()).expect("changes");
            assert!(changes.moves_cells);
            apply(&mut old, &changes);
            assert_eq!(old, new);
        }
    }

    #[test]
    fn what_is_new_altogether_is_told_whole() {
        let old = json!({"version": 1, "rows": [[1, 2, 3]]});
        let new = json!({"version": 2, "rows": [[4, 5, 6]]});
        assert_eq!(between(&old.to_string(), &new.to_string()), None);
    }

    #[test]
    fn of_changes_in_a_row_the_last_of_each_cell_stays() {
        let old = rows(&[json!(["a", 1]), json!(["b", 2])]);
        let (mut one, mut two) = (old.clone(), old.clone());
        one["rows"][0][1] = json!(10);
        two["rows"][0][1] = json!(11);
        two["rows"][1][1] = json!(20);
        let text = |of: &Value| of.to_string();
        let mut merged = between(&text(&old), &text(&one)).expect("changes");
        merged.then(&between(&text(&one), &text(&two)).expect("changes"));
        assert_eq!(merged.json(), r#"[[["rows",0,1],11],[["rows",1,1],20]]"#);
    }

    #[test]
    fn a_cell_that_is_none_of_the_other_stays() {
        let change = |path: &str| Change {
            path: path.into(),
            value: "1".into(),
        };
        assert!(change(r#"["a",1,2]"#).is_within(&change(r#"["a",1]"#)));
        assert!(change(r#"["a",1]"#).is_within(&change(r#"["a",1]"#)));
        assert!(!change(r#"["a",12]"#).is_within(&change(r#"["a",1]"#)));
        assert!(!change(r#"["a"]"#).is_within(&change(r#"["a",1]"#)));
    }
}
