//! What one watcher is told next.
//!
//! Nothing is queued: what a watcher knows of each panel is compared with what
//! the panel is, when the watcher can take something. So who reads slowly hears
//! what was missed at once, and costs no more memory than who reads fast.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use engine::TenantId;
use engine::live::Watched;
use futures::stream::{BoxStream, SelectAll, StreamExt as _, select_all, unfold};
use tokio::sync::watch;
use tokio::time::Instant;

use super::topic::{At, News, Stamp, Topic};
use super::{Hub, Wanted};

/// After so long without other news it is said that there are none.
const FRESH: Duration = Duration::from_secs(5);

/// Panels and what one watcher knows of them.
pub(crate) struct Feed {
    panels: Vec<Watching>,
    bells: SelectAll<BoxStream<'static, usize>>,
    due: VecDeque<usize>,
    watched: Watched,
    told: Instant,
}

struct Watching {
    /// The panel's name as JSON.
    name: Box<str>,
    topic: Arc<Topic>,
    known: Option<At>,
    failed: Option<Arc<str>>,
}

/// Something to be told.
#[derive(Debug)]
pub(crate) struct Event {
    /// Which kind.
    pub(crate) name: &'static str,
    /// What resumes behind it.
    pub(crate) id: Option<String>,
    /// JSON.
    pub(crate) data: String,
}

/// What a watcher knew of each panel when it went away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place(Vec<Option<(i64, i32)>>);

impl Feed {
    /// Begins to watch panels of a tenant, behind `place` if that is of as many.
    pub(crate) fn new(
        hub: &Hub,
        tenant: &TenantId,
        panels: Vec<(String, Wanted)>,
        place: Option<Place>,
    ) -> Self {
        let place = place.filter(|place| place.0.len() == panels.len());
        let known = |i: usize| {
            let (version, day) = place.as_ref()?.0[i]?;
            Some(At { version, day })
        };
        let mut bells = Vec::new();
        let watching = panels.into_iter().enumerate().map(|(i, (name, wanted))| {
            let (topic, bell) = hub.topic(&wanted);
            bells.push(rings(i, bell));
            Watching {
                name: serde_json::Value::from(name).to_string().into(),
                topic,
                known: known(i),
                failed: None,
            }
        });
        let panels: Vec<Watching> = watching.collect();
        Self {
            due: (0..panels.len()).collect(),
            panels,
            bells: select_all(bells),
            watched: hub.inner.engine.live().watch(tenant),
            told: Instant::now(),
        }
    }

    /// What is to be told next, when there is something. Nothing is lost when it
    /// is not waited for to its end.
    pub(crate) async fn next(&mut self) -> Event {
        loop {
            while let Some(panel) = self.due.pop_front() {
                if let Some(event) = self.news(panel) {
                    self.told = Instant::now();
                    return event;
                }
            }
            let fresh = tokio::time::sleep_until(self.told + FRESH);
            tokio::select! {
                biased;
                Some(panel) = self.bells.next() => self.due.push_back(panel),
                () = fresh => {
                    self.told = Instant::now();
                    return self.fresh();
                }
            }
        }
    }

    fn news(&mut self, number: usize) -> Option<Event> {
        let panel = &mut self.panels[number];
        let news = panel.topic.news(panel.known, panel.failed.as_ref());
        let name = &panel.name;
        let (event, data) = match news {
            News::None => return None,
            News::Problem(problem) => {
                let data = format!(r#"{{"panel":{name},"problem":{problem}}}"#);
                panel.failed = Some(problem);
                ("problem", data)
            }
            News::State(stamp, answer) => {
                let data = format!("{},\"answer\":{answer}}}", of_panel(name, stamp));
                (panel.known, panel.failed) = (Some(stamp.at), None);
                ("state", data)
            }
            News::Changes(stamp, changes) => {
                let data = format!("{},\"changes\":{changes}}}", of_panel(name, stamp));
                (panel.known, panel.failed) = (Some(stamp.at), None);
                ("change", data)
            }
        };
        Some(Event {
            name: event,
            id: Some(self.place().to_string()),
            data,
        })
    }

    /// Of what all panels are, those that failed left out.
    fn fresh(&self) -> Event {
        let seen = self.watched.last();
        let shown = self.panels.iter().filter(|panel| panel.failed.is_none());
        let oldest = shown.map(|panel| panel.topic.stamp());
        // One without an answer yet is of no version.
        let oldest = oldest.min_by_key(|stamp| stamp.map_or(i64::MIN, |s| s.at.version));
        let (version, as_of) = match (oldest.flatten(), seen.version) {
            (Some(oldest), Some(newest)) if oldest.at.version >= newest => {
                (Some(oldest.at.version), Some(seen.as_of.max(oldest.as_of)))
            }
            (oldest, _) => (oldest.map(|o| o.at.version), oldest.map(|o| o.as_of)),
        };
        let version = version.map_or("null".to_owned(), |version| version.to_string());
        let as_of = as_of.map_or("null".to_owned(), |at| format!("\"{}\"", instant(at)));
        Event {
            name: "fresh",
            id: Some(self.place().to_string()),
            data: format!(r#"{{"version":{version},"as_of":{as_of}}}"#),
        }
    }

    fn place(&self) -> Place {
        let known = self.panels.iter().map(|panel| panel.known);
        Place(known.map(|at| at.map(|at| (at.version, at.day))).collect())
    }
}

impl Place {
    /// Reads the id of an event; `None` for what was none of ours.
    pub(crate) fn parse(id: &str) -> Option<Self> {
        let panel = |text: &str| match text {
            "-" => Some(None),
            text => {
                let (version, day) = text.split_once('.')?;
                Some(Some((version.parse().ok()?, day.parse().ok()?)))
            }
        };
        id.split('_').map(panel).collect::<Option<_>>().map(Self)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, panel) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_char('_')?;
            }
            match panel {
                Some((version, day)) => write!(f, "{version}.{day}")?,
                None => f.write_char('-')?,
            }
        }
        Ok(())
    }
}

/// The panel's number, each time its bell rings.
fn rings(number: usize, bell: watch::Receiver<u64>) -> BoxStream<'static, usize> {
    unfold(bell, move |mut bell| async move {
        bell.changed().await.ok()?;
        Some((number, bell))
    })
    .boxed()
}

/// The beginning of what is said of a panel.
fn of_panel(name: &str, stamp: Stamp) -> String {
    let (version, as_of) = (stamp.at.version, instant(stamp.as_of));
    format!(r#"{{"panel":{name},"version":{version},"as_of":"{as_of}""#)
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_from_its_text() {
        let place = Place(vec![Some((812, 20_782)), None, Some((9, -1))]);
        assert_eq!(place.to_string(), "812.20782_-_9.-1");
        assert_eq!(Place::parse(&place.to_string()), Some(place));
        for foreign in ["", "x", "1", "1.x", "1.2_", "1.2.3", "-_1.2_é"] {
            assert_eq!(Place::parse(foreign), None, "{foreign:?}");
        }
    }
}
