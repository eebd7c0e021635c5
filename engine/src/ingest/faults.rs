//! The rejected points of a body: all counted, the first kept, fewer listed.

use super::Rejection;
use super::bulk::MAX_LISTED;
use super::quarantine::Texts;
use crate::metadata::quarantine::MAX_ROWS;

/// What a body was refused for, point by point.
#[derive(Debug, Default)]
pub(super) struct Faults {
    count: u64,
    rejected: Vec<Rejection>,
    texts: Texts,
}

impl Faults {
    /// Adds the next rejected point; `text` is how it was sent.
    pub(super) fn push(&mut self, fault: Rejection, text: &str) {
        self.count += 1;
        if self.rejected.len() < MAX_ROWS as usize {
            self.rejected.push(fault);
            self.texts.push(text);
        }
    }

    /// Adds the rejected points of the part that follows.
    pub(super) fn append(&mut self, mut next: Self) {
        let before = usize::try_from(self.count).unwrap_or(usize::MAX);
        self.texts.append(next.texts, before);
        self.count += next.count;
        let room = MAX_ROWS as usize - self.rejected.len();
        next.rejected.truncate(room);
        self.rejected.append(&mut next.rejected);
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Those that an answer lists.
    pub(super) fn listed(&self) -> Vec<Rejection> {
        self.rejected.iter().take(MAX_LISTED).cloned().collect()
    }

    /// How many more there are than an answer lists.
    pub(super) fn unlisted(&self) -> u64 {
        self.count - self.rejected.len().min(MAX_LISTED) as u64
    }

    /// Those that go into quarantine, with their texts.
    pub(super) fn kept(&self) -> (&[Rejection], &Texts) {
        (&self.rejected, &self.texts)
    }
}
