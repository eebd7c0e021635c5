//! One panel that is watched: computed when the tenant's version has moved or
//! its day has ended, and kept with its last changes for those who were away.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep};

use super::Hub;
use super::changes::{self, Changes};
use super::wanted::{Computed, Wanted};
use crate::error::Problem;

/// How long a panel that nobody watches is kept, for who comes again.
const IDLE: Duration = Duration::from_secs(60);

/// The least between two computations; as long as the last one took, if that is
/// more, so that a panel that is slow takes half a thread at most.
const PAUSE: Duration = Duration::from_millis(50);

/// After a computation that failed.
const RETRY: Duration = Duration::from_secs(5);

/// Steps that are kept for those who missed some.
const MOST_STEPS: usize = 64;

/// A panel that is watched.
#[derive(Debug)]
pub(super) struct Topic {
    wanted: Wanted,
    ring: Mutex<Ring>,
    /// Rung with each step.
    bell: watch::Sender<u64>,
    /// Somebody has come to watch.
    called: Notify,
}

/// A state of a panel: the same of every server. An answer is the same as long
/// as neither of the two is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At {
    /// The tenant's version.
    pub(super) version: i64,
    /// The local day that was today.
    pub(super) day: i32,
}

/// The answer, and how it became what it is.
#[derive(Debug, Default)]
struct Ring {
    answer: Option<Answer>,
    problem: Option<Arc<str>>,
    /// The version from which on every step is here.
    floor: i64,
    steps: VecDeque<Step>,
    step_bytes: usize,
}

#[derive(Debug)]
struct Answer {
    at: At,
    as_of: DateTime<Utc>,
    text: Arc<str>,
}

#[derive(Debug)]
struct Step {
    /// The version at which it was seen.
    version: i64,
    changes: Changes,
    bytes: usize,
}

/// What a watcher has not been told yet.
#[derive(Debug)]
pub(super) enum News {
    /// Nothing.
    None,
    /// It cannot be answered.
    Problem(Arc<str>),
    /// All of it.
    State(Stamp, Arc<str>),
    /// Some cells, as JSON.
    Changes(Stamp, String),
}

/// Of what state the news are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp {
    pub(super) at: At,
    pub(super) as_of: DateTime<Utc>,
}

impl Topic {
    pub(super) fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            ring: Mutex::default(),
            bell: watch::Sender::new(0),
            called: Notify::new(),
        }
    }

    pub(super) fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Whether nobody watches.
    pub(super) fn is_idle(&self) -> bool {
        self.bell.receiver_count() == 0
    }

    /// Watches; the topic is computed as long as the bell is kept.
    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        let bell = self.bell.subscribe();
        self.called.notify_one();
        bell
    }

    /// What somebody who was told `known`, and of `failed`, has to hear.
    pub(super) fn news(&self, known: Option<At>, failed: Option<&Arc<str>>) -> News {
        self.ring().news(known, failed)
    }

    /// What the panel shows now.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        self.ring().answer.as_ref().map(Answer::stamp)
    }

    /// Computes while somebody watches, and until nobody has for a while.
    pub(super) async fn run(self: Arc<Self>, hub: Hub) {
        loop {
            tokio::select! {
                () = self.keep(&hub) => {}
                () = self.bell.closed() => {}
            }
            loop {
                if !self.is_idle() {
                    break;
                }
                let called = tokio::time::timeout(IDLE, self.called.notified()).await;
                if called.is_err() && hub.forget(&self) {
                    return;
                }
            }
        }
    }

    async fn keep(&self, hub: &Hub) {
        let engine = &hub.inner.engine;
        let mut watched = engine.live().watch(&self.wanted.tenant);
        loop {
            // Before the answer: what comes while it is made is looked at again.
            watched.seen();
            let begun = Instant::now();
            let outcome = self.wanted.answer(engine).await;
            let pause = match &outcome {
                Ok(_) => begun.elapsed().max(PAUSE),
                Err(_) => RETRY,
            };
            let (failed, day_ends) = match &outcome {
                Ok(computed) => (false, computed.day_ends),
                Err(_) => (true, DateTime::<Utc>::MAX_UTC),
            };
            if self.ring().take(outcome) {
                self.bell.send_modify(|rung| *rung += 1);
            }
            sleep(pause).await;
            if failed {
                continue;
            }
            let day = (day_ends - Utc::now()).to_std().unwrap_or_default();
            tokio::select! {
                () = watched.moved() => {}
                () = sleep(day) => {}
            }
        }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    /// Takes a new answer; whether watchers have to hear of it.
    fn take(&mut self, outcome: Result<Computed, Problem>) -> bool {
        let computed = match outcome {
            Ok(computed) => computed,
            Err(problem) => return self.fail(&problem),
        };
        let mended = self.problem.take().is_some();
        let at = At {
            version: computed.version,
            day: computed.day,
        };
        let new = Answer {
            at,
            as_of: computed.as_of,
            text: computed.text,
        };
        let told = match &self.answer {
            Some(old) if old.at.day == at.day => changes::between(&old.text, &new.text),
            _ => None,
        };
        let news = match told {
            Some(changes) if changes.is_empty() => mended,
            Some(changes) => {
                self.push(at.version, changes, new.text.len());
                true
            }
            None => {
                self.steps.clear();
                self.step_bytes = 0;
                self.floor = at.version;
                true
            }
        };
        self.answer = Some(new);
        news
    }

    fn fail(&mut self, problem: &Problem) -> bool {
        let text: Arc<str> = serde_json::to_string(problem).unwrap_or_default().into();
        let is_new = self.problem.as_ref() != Some(&text);
        if is_new {
            self.problem = Some(text);
        }
        is_new
    }

    /// Keeps a step, and no more of them than the whole answer is long.
    fn push(&mut self, version: i64, changes: Changes, whole_bytes: usize) {
        let bytes = changes.bytes();
        self.step_bytes += bytes;
        self.steps.push_back(Step {
            version,
            changes,
            bytes,
        });
        while self.step_bytes > whole_bytes || self.steps.len() > MOST_STEPS {
            let Some(gone) = self.steps.pop_front() else {
                break;
            };
            self.step_bytes -= gone.bytes;
            self.floor = gone.version;
        }
    }

    fn news(&self, known: Option<At>, failed: Option<&Arc<str>>) -> News {
        if let Some(problem) = &self.problem {
            return match failed {
                Some(told) if Arc::ptr_eq(told, problem) => News::None,
                _ => News::Problem(problem.clone()),
            };
        }
        let Some(answer) = &self.answer else {
            return News::None;
        };
        let whole = || News::State(answer.stamp(), answer.text.clone());
        let followed = |known: &At| {
            known.day == answer.at.day && (self.floor..=answer.at.version).contains(&known.version)
        };
        let Some(known) = known.filter(followed) else {
            return whole();
        };
        let mut steps = self.steps.iter().filter(|s| s.version > known.version);
        let Some(first) = steps.next() else {
            // Whoever heard of a problem hears that it is over.
            return match failed {
                Some(_) => News::Changes(answer.stamp(), "[]".to_owned()),
                None => News::None,
            };
        };
        let mut missed = first.changes.clone();
        let mut moved = missed.moves_cells;
        let mut several = false;
        for step in steps {
            several = true;
            moved |= step.changes.moves_cells;
            if moved {
                return whole();
            }
            missed.then(&step.changes);
        }
        match several && missed.bytes() >= answer.text.len() {
            true => whole(),
            false => News::Changes(answer.stamp(), missed.json()),
        }
    }
}

impl Answer {
    fn stamp(&self) -> Stamp {
        Stamp {
            at: self.at,
            as_of: self.as_of,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i32 = 20_000;

    fn computed(version: i64, day: i32, number: i64) -> Result<Computed, Problem> {
        let filler = "x".repeat(300);
        Ok(Computed {
            version,
            as_of: DateTime::UNIX_EPOCH,
            day,
            day_ends: DateTime::<Utc>::MAX_UTC,
            text: format!(r#"{{"version":{version},"filler":"{filler}","n":[{number},0]}}"#).into(),
        })
    }

    fn at(version: i64, day: i32) -> Option<At> {
        Some(At { version, day })
    }

    #[test]
    fn who_was_away_hears_what_was_missed_and_no_more() {
        let mut ring = Ring::default();
        for (version, number) in [(10, 1), (11, 2), (13, 3)] {
            assert!(ring.take(computed(version, DAY, number)));
        }
        let News::Changes(stamp, json) = ring.news(at(10, DAY), None) else {
            panic!("changes");
        };
        assert_eq!((stamp.at.version, &*json), (13, r#"[[["n",0],3]]"#));
        assert!(matches!(ring.news(at(12, DAY), None), News::Changes(..)));
        assert!(matches!(ring.news(at(13, DAY), None), News::None));
        assert!(!ring.take(computed(14, DAY, 3)), "nothing has changed");
        assert!(matches!(ring.news(at(13, DAY), None), News::None));
        for unknown in [None, at(9, DAY), at(15, DAY), at(13, DAY - 1)] {
            assert!(matches!(ring.news(unknown, None), News::State(..)));
        }
    }

    #[test]
    fn a_new_day_is_told_whole() {
        let mut ring = Ring::default();
        ring.take(computed(10, DAY, 1)).then_some(()).expect("news");
        assert!(ring.take(computed(10, DAY + 1, 1)));
        assert!(matches!(ring.news(at(10, DAY), None), News::State(..)));
        assert!(matches!(ring.news(at(10, DAY + 1), None), News::None));
    }

    #[test]
    fn no_more_steps_are_kept_than_the_answer_is_long() {
        let mut ring = Ring::default();
        for version in 0..1_000 {
            ring.take(computed(version, DAY, version));
        }
        assert!(ring.step_bytes < 400, "{}", ring.step_bytes);
        assert!(matches!(ring.news(at(1, DAY), None), News::State(..)));
        assert!(matches!(ring.news(at(998, DAY), None), News::Changes(..)));
    }

    #[test]
    fn a_problem_is_told_once_and_so_is_its_end() {
        let mut ring = Ring::default();
        ring.take(computed(10, DAY, 1)).then_some(()).expect("news");
        assert!(ring.take(Err(Problem::internal())));
        assert!(!ring.take(Err(Problem::internal())));
        let News::Problem(told) = ring.news(at(10, DAY), None) else {
            panic!("a problem");
        };
        assert!(matches!(ring.news(at(10, DAY), Some(&told)), News::None));
        assert!(ring.take(computed(11, DAY, 1)), "it is over");
        let over = ring.news(at(10, DAY), Some(&told));
        assert!(matches!(over, News::Changes(_, json) if json == "[]"));
    }
}
