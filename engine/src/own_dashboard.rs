//! A dashboard that somebody makes: panels, each a question with a chart and a
//! place. It knows what may stand where, not what a question means: that is
//! said when it is asked, to whoever looks.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::{Error, Result};

/// Panels of one dashboard.
pub const MAX_PANELS: usize = 24;
/// Columns of the grid that panels stand in.
const COLUMNS: u8 = 12;
/// Rows that one panel may be high, and how far down it may stand.
const HIGHEST: u16 = 40;
const LOWEST: u16 = 1_000;
const NAME_CHARS: usize = 128;
const DESCRIPTION_CHARS: usize = 2_000;
const OPTIONS_BYTES: usize = 4 << 10;
const QUESTION_BYTES: usize = 64 << 10;

/// What is saved as a dashboard.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether others of the tenant see it.
    pub shared: bool,
    /// What is on it.
    pub panels: Vec<Panel>,
}

/// A part of a dashboard.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Panel {
    /// Its name in addresses; unique on the dashboard.
    pub id: String,
    /// What stands above it.
    pub title: String,
    /// How it is drawn.
    pub chart: Chart,
    /// The structured question, as JSON.
    pub question: Box<RawValue>,
    /// Where it stands.
    pub place: Place,
    /// What the pages keep beside it: a JSON object that is not read here.
    pub options: Box<RawValue>,
}

/// How a panel is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chart {
    /// One number.
    Number,
    /// Lines over time.
    Line,
    /// Areas over time.
    Area,
    /// Bars side by side.
    Bars,
    /// Bars on each other.
    Stacked,
    /// A table.
    Table,
}

/// Where a panel stands, in a grid of 12 columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The first column, from 0.
    pub x: u8,
    /// The first row, from 0.
    pub y: u16,
    /// Columns.
    pub width: u8,
    /// Rows.
    pub height: u16,
}

impl Draft {
    /// The panels as they are stored. Errors: `Invalid`, with the field.
    pub(crate) fn checked(&self) -> Result<String> {
        length("name", &self.name, 1, NAME_CHARS)?;
        length("description", &self.description, 0, DESCRIPTION_CHARS)?;
        if self.panels.len() > MAX_PANELS {
            let message = format!("{} are given; {MAX_PANELS} are allowed", self.panels.len());
            return Err(Error::invalid(message, "panels"));
        }
        for (i, panel) in self.panels.iter().enumerate() {
            panel.check(&format!("panels[{i}]"))?;
            if self.panels[..i].iter().any(|other| other.id == panel.id) {
                let message = format!("two panels are called {:?}", panel.id);
                return Err(Error::invalid(message, format!("panels[{i}].id")));
            }
        }
        serde_json::to_string(&self.panels).map_err(Error::internal)
    }
}

impl Panel {
    fn check(&self, at: &str) -> Result<()> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if !(1..=40).contains(&self.id.len()) || !self.id.chars().all(fits) {
            let message = "must be 1 to 40 of a-z, A-Z, 0-9, - and _";
            return Err(Error::invalid(message, format!("{at}.id")));
        }
        length(&format!("{at}.title"), &self.title, 0, NAME_CHARS)?;
        let Place {
            x,
            y,
            width,
            height,
        } = self.place;
        let inside = width >= 1 && u16::from(x) + u16::from(width) <= u16::from(COLUMNS);
        if !inside || !(1..=HIGHEST).contains(&height) || y > LOWEST {
            let message = format!(
                "x and width together must be at most {COLUMNS}, height 1 to {HIGHEST}, y at \
                 most {LOWEST}"
            );
            return Err(Error::invalid(message, format!("{at}.place")));
        }
        for (field, json, most) in [
            ("question", &self.question, QUESTION_BYTES),
            ("options", &self.options, OPTIONS_BYTES),
        ] {
            let at = format!("{at}.{field}");
            if !json.get().starts_with('{') {
                return Err(Error::invalid("must be an object", at));
            }
            if json.get().len() > most {
                let message = format!("has {} bytes of at most {most}", json.get().len());
                return Err(Error::invalid(message, at));
            }
            // Escaped, as it must be in JSON; nothing in the catalog holds it.
            if json.get().contains("\\u0000") {
                return Err(Error::invalid("holds a zero character", at));
            }
        }
        Ok(())
    }
}

fn length(at: &str, text: &str, least: usize, most: usize) -> Result<()> {
    let chars = text.chars().count();
    let message = if !(least..=most).contains(&chars) {
        format!("has {chars} characters of {least} to {most}")
    } else if text.contains('\0') {
        "holds a zero character".to_owned()
    } else {
        return Ok(());
    };
    Err(Error::invalid(message, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).expect(text)
    }

    fn draft(change: impl Fn(&mut Panel)) -> Draft {
        let panel = |id: &str| Panel {
            id: id.into(),
            title: "A".into(),
            chart: Chart::Line,
            question: raw(r#"{"metrics":["*/revenue/*"]}"#),
            place: Place {
                x: 6,
                y: 0,
                width: 6,
                height: 4,
            },
            options: raw("{}"),
        };
        let mut panels = vec![panel("a"), panel("b")];
        change(&mut panels[1]);
        Draft {
            name: "Mornings".into(),
            description: String::new(),
            shared: false,
            panels,
        }
    }

    #[test]
    fn what_cannot_stand_is_refused_at_its_place() {
        assert!(draft(|_| {}).checked().is_ok());
        type Change<'c> = &'c dyn Fn(&mut Panel);
        let refused: [(Change<'_>, &str); 8] = [
            (&|p| p.id = "a".into(), "panels[1].id"),
            (&|p| p.id = "a/b".into(), "panels[1].id"),
            (&|p| p.title = "t".repeat(129), "panels[1].title"),
            (&|p| p.place.x = 7, "panels[1].place"),
            (&|p| p.place.height = 0, "panels[1].place"),
            (&|p| p.question = raw("[1]"), "panels[1].question"),
            (
                &|p| p.options = raw(r#"{"a":"\u0000"}"#),
                "panels[1].options",
            ),
            (
                &|p| p.options = raw(&format!(r#"{{"a":"{}"}}"#, "x".repeat(4_096))),
                "panels[1].options",
            ),
        ];
        for (change, place) in refused {
            match draft(change).checked() {
                Err(Error::Invalid { at, .. }) => assert_eq!(at.as_deref(), Some(place)),
                other => panic!("{place} should be refused: {other:?}"),
            }
        }
    }
}
