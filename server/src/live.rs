//! Live panels: each computed once, however many watch it with the same rights,
//! and told to each as it can take it.
//!
//! [`wanted`] says what is computed, [`topic`] when, [`changes`] what differs
//! between two answers, [`feed`] what one watcher is told next, [`guard`] whether
//! its credential still stands. How it travels is the routes' matter.

mod changes;
mod feed;
mod guard;
mod topic;
mod wanted;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::Engine;
use tokio::sync::watch;

pub(crate) use feed::{Event, Feed, Place};
pub(crate) use guard::{Expected, Guard, Reason};
use topic::Topic;
pub(crate) use wanted::{Question, Wanted};

/// What is watched on this server; cheap to clone.
#[derive(Debug, Clone)]
pub struct Hub {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    engine: Engine,
    topics: Mutex<HashMap<Wanted, Arc<Topic>>>,
    guards: guard::Guards,
    stopping: watch::Sender<bool>,
}

impl Hub {
    /// Nothing is watched yet.
    pub fn new(engine: Engine) -> Self {
        Self {
            inner: Arc::new(Inner {
                engine,
                topics: Mutex::default(),
                guards: guard::Guards::default(),
                stopping: watch::Sender::new(false),
            }),
        }
    }

    /// Ends all streams, and those that are opened from now on.
    pub fn stop(&self) {
        self.inner.stopping.send_replace(true);
    }

    /// Ends when [`Self::stop`] is called.
    pub(crate) async fn stopped(&self) {
        let mut stopping = self.inner.stopping.subscribe();
        // The hub holds the sender.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    }

    /// The topic of a question, begun if nobody watches it yet, and the bell
    /// that it rings.
    fn topic(&self, wanted: &Wanted) -> (Arc<Topic>, watch::Receiver<u64>) {
        let mut topics = self.topics();
        if let Some(topic) = topics.get(wanted) {
            return (topic.clone(), topic.subscribe());
        }
        let topic = Arc::new(Topic::new(wanted.clone()));
        let bell = topic.subscribe();
        topics.insert(wanted.clone(), topic.clone());
        tokio::spawn(topic.clone().run(self.clone()));
        (topic, bell)
    }

    /// Forgets a topic that nobody watches; whether it did.
    fn forget(&self, topic: &Topic) -> bool {
        let mut topics = self.topics();
        let idle = topic.is_idle();
        if idle {
            topics.remove(topic.wanted());
        }
        idle
    }

    fn topics(&self) -> MutexGuard<'_, HashMap<Wanted, Arc<Topic>>> {
        let topics = self.inner.topics.lock();
        topics.unwrap_or_else(PoisonError::into_inner)
    }
}
