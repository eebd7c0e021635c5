//! What a stream shows, as it is asked for: a dashboard, the overview, or
//! questions of a ticket.

use axum::extract::Query;
use axum::http::Uri;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::auth::{Caller, ToShow};
use crate::error::{Problem, Result};
use crate::extract::shaped;
use crate::live::{Question, Wanted};
use crate::routes::dashboard::DashboardParams;
use crate::routes::dashboards::panel::{Overrides, question};
use crate::routes::dashboards::{identified, seen};
use crate::routes::query::QueryRequest;

/// Panels of one stream.
const MOST: usize = 24;

/// What a ticket's stream shows: one of the three.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTicket {
    /// Questions, 1 to 24.
    panels: Option<Vec<LivePanel>>,
    /// The id of a dashboard that somebody made.
    dashboard: Option<String>,
    /// The overview, with the parameters of `GET /api/analytics/dashboard`.
    overview: Option<DashboardParams>,
    /// Of `dashboard`: the days that end today, as `30d`.
    time_range: Option<String>,
    /// Instead of `time_range`: the first day.
    from: Option<String>,
    /// The last day, included.
    to: Option<String>,
    /// The zone that days begin in.
    time_zone: Option<String>,
    /// What the numbers are compared with: `none`, `previous` or `year`.
    compare: Option<String>,
    /// Only this platform.
    platform: Option<String>,
    /// `number` or `string`.
    decimals: Option<String>,
}

/// A question of a stream.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LivePanel {
    /// What its events call it; unique.
    #[schema(example = "revenue")]
    id: String,
    /// What it asks.
    #[schema(value_type = QueryRequest)]
    question: Box<RawValue>,
}

/// What is watched.
pub(super) enum Subscription {
    Panels(Vec<LivePanel>),
    Dashboard(String, Box<Overrides>),
    Overview(Box<DashboardParams>),
}

/// Panels by name, in order, and the dashboard that they are of.
pub(super) struct Resolved {
    pub(super) wanted: Vec<(String, Wanted)>,
    pub(super) dashboard: Option<(Uuid, i32)>,
}

/// What stands in the address of a stream.
pub(super) struct Asked {
    pub(super) ticket: Option<String>,
    pub(super) last_event_id: Option<String>,
    /// Where there is no ticket.
    pub(super) subscription: Subscription,
}

impl Asked {
    pub(super) fn read(uri: &Uri) -> Result<Self> {
        let Query(mut pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| Problem::malformed("the query parameters cannot be read"))?;
        let mut take = |wanted: &str| -> Result<Option<String>> {
            let (found, rest) = std::mem::take(&mut pairs)
                .into_iter()
                .partition::<Vec<_>, _>(|(name, _)| name == wanted);
            pairs = rest;
            match found.len() {
                0 | 1 => Ok(found.into_iter().next().map(|(_, text)| text)),
                _ => Err(Problem::malformed(format!("{wanted} is given twice")).at(wanted)),
            }
        };
        let (ticket, last_event_id) = (take("ticket")?, take("last_event_id")?);
        let dashboard = take("dashboard")?;
        let named = dashboard.is_some() || !pairs.is_empty();
        if ticket.is_some() && named {
            return Err(Problem::malformed("a ticket says already what is watched")
                .at("ticket")
                .hint("leave all but last_event_id out"));
        }
        let subscription = match dashboard {
            Some(id) => Subscription::Dashboard(id, Box::new(shaped(pairs)?)),
            None => Subscription::Overview(Box::new(shaped(pairs)?)),
        };
        Ok(Self {
            ticket,
            last_event_id,
            subscription,
        })
    }
}

impl Subscription {
    /// Reads the body of a request for a ticket.
    pub(super) fn parse(json: &[u8]) -> Result<Self> {
        let new: NewTicket = serde_json::from_slice(json).map_err(|error| {
            let reason = error.to_string();
            let reason = reason.split(" at line ").next().unwrap_or_default();
            Problem::malformed(format!("the body cannot be read: {reason}"))
                .located(error.line() as u64, error.column().max(1) as u64)
                .at("body")
                .hint("send `panels`, `dashboard` or `overview`, as /docs describes")
        })?;
        new.subscription()
    }

    /// The panels as this caller may see them. Problems: what cannot be asked,
    /// 403, 404.
    pub(super) async fn resolve(&self, app: &App, caller: &Caller<ToShow>) -> Result<Resolved> {
        let wanted = |question| Wanted {
            tenant: caller.tenant.clone(),
            access: caller.access.clone(),
            question,
        };
        match self {
            Self::Overview(params) => {
                params.request()?;
                if caller.panels.as_ref().is_some_and(|parts| parts.is_empty()) {
                    return Err(Problem::forbidden(
                        "the embed token shows a dashboard of the tenant's own alone",
                    )
                    .hint("name it as `dashboard`"));
                }
                let question = Question::Overview(params.clone(), caller.panels.clone());
                Ok(Resolved {
                    wanted: vec![("dashboard".to_owned(), wanted(question))],
                    dashboard: None,
                })
            }
            Self::Dashboard(id, overrides) => {
                overrides.allowed(caller)?;
                let found = seen(app, caller, identified(id)?).await?;
                let mut panels = Vec::new();
                for panel in &found.panels {
                    let (query, decimals) = question(&found, &panel.id, overrides)?;
                    let question = Question::Structured(Box::new(query), decimals);
                    panels.push((panel.id.clone(), wanted(question)));
                }
                Ok(Resolved {
                    wanted: panels,
                    dashboard: Some((found.id, found.version)),
                })
            }
            Self::Panels(panels) => {
                if caller.panels.is_some() {
                    return Err(Problem::forbidden(
                        "an embed token watches what it was made for, and asks nothing else",
                    )
                    .at("panels")
                    .hint("name the `dashboard` or the `overview` that it shows"));
                }
                let mut resolved = Vec::new();
                for (i, panel) in panels.iter().enumerate() {
                    let at = format!("panels[{i}].question");
                    let (query, decimals) = QueryRequest::saved(&panel.question)
                        .map_err(|problem| problem.within(&at))?;
                    let question = Question::Structured(Box::new(query), decimals);
                    resolved.push((panel.id.clone(), wanted(question)));
                }
                Ok(Resolved {
                    wanted: resolved,
                    dashboard: None,
                })
            }
        }
    }
}

impl NewTicket {
    fn subscription(self) -> Result<Subscription> {
        let named = [
            ("time_range", self.time_range),
            ("from", self.from),
            ("to", self.to),
            ("time_zone", self.time_zone),
            ("compare", self.compare),
            ("platform", self.platform),
            ("decimals", self.decimals),
        ];
        let named = named
            .into_iter()
            .filter_map(|(name, text)| Some((name.to_owned(), text?)));
        let overrides: Vec<(String, String)> = named.collect();
        if self.dashboard.is_none()
            && let Some((name, _)) = overrides.first()
        {
            return Err(
                Problem::malformed(format!("{name} stands beside `dashboard` alone"))
                    .at(name.as_str())
                    .hint("put it into the question, or into `overview`"),
            );
        }
        match (self.panels, self.dashboard, self.overview) {
            (Some(panels), None, None) => Self::checked(panels),
            (None, Some(id), None) => Ok(Subscription::Dashboard(id, Box::new(shaped(overrides)?))),
            (None, None, Some(params)) => Ok(Subscription::Overview(Box::new(params))),
            _ => Err(Problem::malformed("it is not clear what is watched")
                .at("body")
                .hint("send one of `panels`, `dashboard` and `overview`")),
        }
    }

    fn checked(panels: Vec<LivePanel>) -> Result<Subscription> {
        if !(1..=MOST).contains(&panels.len()) {
            let text = format!("{} are given, of 1 to {MOST}", panels.len());
            return Err(Problem::malformed(text).at("panels"));
        }
        for (i, panel) in panels.iter().enumerate() {
            let taken = panels[..i].iter().any(|other| other.id == panel.id);
            if taken || !(1..=64).contains(&panel.id.len()) {
                let text = "must be 1 to 64 bytes that no other panel has";
                return Err(Problem::malformed(text).at(format!("panels[{i}].id")));
            }
        }
        Ok(Subscription::Panels(panels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> String {
        match Subscription::parse(json.as_bytes()) {
            Ok(_) => panic!("{json} should be refused"),
            Err(problem) => serde_json::to_value(problem).expect("JSON")["at"]
                .as_str()
                .expect("a place")
                .to_owned(),
        }
    }

    #[test]
    fn one_thing_is_watched_and_said_once() {
        let panel = r#"{"id":"a","question":{"metrics":["*/revenue/*"]}}"#;
        for (json, at) in [
            ("{}".to_owned(), "body"),
            (r#"{"dashboard":"x","overview":{}}"#.to_owned(), "body"),
            (r#"{"surprise":1}"#.to_owned(), "body"),
            (r#"{"panels":[]}"#.to_owned(), "panels"),
            (format!(r#"{{"panels":[{panel},{panel}]}}"#), "panels[1].id"),
            (r#"{"overview":{},"compare":"year"}"#.to_owned(), "compare"),
            (
                r#"{"dashboard":"x","compare":"week"}"#.to_owned(),
                "compare",
            ),
        ] {
            assert_eq!(refused(&json), at, "{json}");
        }
        let fine = format!(r#"{{"panels":[{panel}]}}"#);
        assert!(Subscription::parse(fine.as_bytes()).is_ok());
    }

    #[test]
    fn a_ticket_stands_alone_in_an_address() {
        let read = |query: &str| Asked::read(&format!("/s?{query}").parse().expect("a uri"));
        assert!(read("ticket=t&last_event_id=1.2").is_ok());
        assert!(read("ticket=t&dashboard=d").is_err());
        assert!(read("ticket=t&ticket=u").is_err());
        assert!(read("surprise=1").is_err());
        let asked = read("time_range=7d&compare=previous").expect("the overview");
        assert!(matches!(asked.subscription, Subscription::Overview(_)));
    }
}
