//! The fence around every candidate: a panic, a wrong length or a number that
//! is not finite is no path.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::models::{Candidate, Task};

/// The candidate's path, if it is one.
///
/// Candidates are plain functions of plain values, so nothing is left half done
/// behind a panic. A panic is written by the process's hook like any other.
pub(crate) fn path(candidate: &Candidate, task: &Task<'_>) -> Option<Vec<f64>> {
    let path = caught(|| (candidate.path)(task))??;
    (path.len() == task.horizon()
        && path
            .iter()
            .all(|v| v.is_finite() && v.abs() <= task.reach()))
    .then_some(path)
}

/// What `work` returns, or nothing if it panics.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(path: fn(&Task<'_>) -> Option<Vec<f64>>) -> Option<Vec<f64>> {
        let y: Vec<f64> = (0..30).map(f64::from).collect();
        let task = Task::new(&y, &[7], 7, 2);
        super::path(
            &Candidate {
                name: "tried",
                slow: false,
                path,
            },
            &task,
        )
    }

    #[test]
    fn a_candidate_that_fails_has_no_path() {
        assert_eq!(said(|_| Some(vec![1.0, 2.0])), Some(vec![1.0, 2.0]));
        assert_eq!(said(|_| panic!("on purpose")), None);
        assert_eq!(said(|_| Some(vec![1.0])), None);
        assert_eq!(said(|_| Some(vec![1.0, f64::NAN])), None);
        assert_eq!(said(|_| Some(vec![1.0, 1e9])), None);
    }
}
