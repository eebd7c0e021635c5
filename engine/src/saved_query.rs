//! Queries that a tenant keeps by name, with parameters of known types.
//!
//! A definition is checked when it is saved. A call gives texts, which become
//! values of the parameters' types and are bound as such: no text of a caller
//! ever becomes part of the SQL.

mod parameter;
mod places;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::session::Param;

pub use parameter::{Parameter, ParameterKind};

/// Parameters of one query.
const MAX_PARAMETERS: usize = 32;

/// Names of a call's own parameters, which a query's may not have.
const RESERVED: [&str; 3] = ["version", "decimals", "raw"];

/// A query with parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// One SELECT; a parameter stands as `$name` or `{{name}}`.
    pub query: String,
    /// What it is for.
    pub description: String,
    /// What a call may, or must, give.
    pub parameters: Vec<Parameter>,
}

/// A query with the values of one call, ready to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// The text, with `$1`, `$2`, … where the values go.
    pub query: String,
    /// The values.
    pub params: Vec<Param>,
}

impl Definition {
    /// Checks names, types, defaults and places. Errors: `Invalid`, naming the
    /// parameter.
    pub fn check(&self) -> Result<()> {
        if self.parameters.len() > MAX_PARAMETERS {
            let message = format!(
                "there are {} parameters of at most {MAX_PARAMETERS}",
                self.parameters.len()
            );
            return Err(Error::invalid(message, "parameters"));
        }
        for (i, parameter) in self.parameters.iter().enumerate() {
            parameter.check(&format!("parameters[{i}]"))?;
            let name = parameter.name.as_str();
            if RESERVED.contains(&name) {
                let message = format!("{name:?} means something else in a call: take another name");
                return Err(Error::invalid(message, format!("parameters[{i}].name")));
            }
            if self.parameters[..i].iter().any(|other| other.name == name) {
                let message = format!("there are two parameters {name:?}");
                return Err(Error::invalid(message, format!("parameters[{i}].name")));
            }
        }
        self.placed().map(drop)
    }

    /// The query with some value for each parameter, to plan it with.
    pub fn example(&self) -> Result<Bound> {
        let values = self.parameters.iter().map(Parameter::example);
        Ok(Bound {
            params: values.collect::<Result<_>>()?,
            query: self.placed()?,
        })
    }

    /// The query with the values of a call. Errors: `Invalid`, naming a
    /// parameter that is unknown, missing, given twice or of another type.
    pub fn bind(&self, given: &[(String, String)]) -> Result<Bound> {
        for (i, (name, _)) in given.iter().enumerate() {
            if !self.parameters.iter().any(|p| p.name == *name) {
                return Err(self.unknown(name));
            }
            if given[..i].iter().any(|(other, _)| other == name) {
                let message = format!("the parameter {name} is given twice");
                return Err(Error::invalid(message, name));
            }
        }
        let values = self.parameters.iter().map(|parameter| {
            let text = given.iter().find(|(name, _)| *name == parameter.name);
            parameter.value(text.map(|(_, text)| text.as_str()))
        });
        Ok(Bound {
            params: values.collect::<Result<_>>()?,
            query: self.placed()?,
        })
    }

    fn placed(&self) -> Result<String> {
        let names: Vec<&str> = self.parameters.iter().map(|p| p.name.as_str()).collect();
        places::numbered(&self.query, &names)
    }

    fn unknown(&self, name: &str) -> Error {
        let shown: String = name.chars().take(64).collect();
        let names: Vec<&str> = self.parameters.iter().map(|p| p.name.as_str()).collect();
        Error::Invalid {
            message: format!("there is no parameter {shown:?}"),
            at: Some(shown),
            location: None,
            hint: Some(match names.is_empty() {
                true => "this query has no parameters".into(),
                false => format!("there is {}", names.join(", ")),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition() -> Definition {
        let parameter = |name: &str, kind| Parameter {
            name: name.into(),
            kind,
            description: String::new(),
            required: true,
            default: None,
            one_of: Vec::new(),
        };
        Definition {
            query: "select $platform, {{least}}, $platform where d >= {{ since }}".into(),
            description: String::new(),
            parameters: vec![
                Parameter {
                    one_of: vec!["a".into(), "b".into()],
                    ..parameter("platform", ParameterKind::Text)
                },
                Parameter {
                    default: Some("1.50".into()),
                    required: false,
                    ..parameter("least", ParameterKind::Decimal)
                },
                Parameter {
                    required: false,
                    ..parameter("since", ParameterKind::Date)
                },
            ],
        }
    }

    fn bind(given: &[(&str, &str)]) -> Result<Bound> {
        let given = given.iter().map(|(n, t)| ((*n).into(), (*t).into()));
        definition().bind(&given.collect::<Vec<_>>())
    }

    fn at(result: Result<Bound>) -> String {
        match result {
            Err(Error::Invalid { at: Some(at), .. }) => at,
            other => panic!("a refusal with a place: {other:?}"),
        }
    }

    #[test]
    fn values_are_bound_by_type_and_never_become_text() {
        definition().check().expect("a definition");
        let bound = bind(&[("platform", "b"), ("since", "2025-03-01")]).expect("bound");
        assert_eq!(bound.query, "select $1, $2, $1 where d >= $3");
        let day = "2025-03-01".parse().expect("a day");
        assert_eq!(
            bound.params,
            [
                Param::Text("b".into()),
                Param::Decimal("1.50".into()),
                Param::Date(day)
            ]
        );
        let bound = bind(&[("platform", "a"), ("least", "7")]).expect("bound");
        assert_eq!(bound.params[1..], [Param::Decimal("7".into()), Param::Null]);
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        assert_eq!(at(bind(&[])), "platform");
        assert_eq!(at(bind(&[("platform", "a' or 1=1 --")])), "platform");
        assert_eq!(at(bind(&[("platform", "a"), ("least", "x")])), "least");
        assert_eq!(at(bind(&[("platform", "a"), ("since", "x")])), "since");
        assert_eq!(at(bind(&[("platform", "a"), ("more", "x")])), "more");
        let twice = [("platform", "a"), ("platform", "a")];
        assert_eq!(at(bind(&twice)), "platform");
    }

    #[test]
    fn a_definition_whose_parameters_do_not_fit_is_refused() {
        let refused = |change: fn(&mut Definition)| {
            let mut changed = definition();
            change(&mut changed);
            changed.check().expect_err("a refusal").to_string()
        };
        let said = refused(|d| d.query = "select $platform, $least".into());
        assert!(said.contains("since"), "{said}");
        let said = refused(|d| d.query.push_str(" and $other"));
        assert!(said.contains("other"), "{said}");
        let said = refused(|d| d.query.push_str(" and $1"));
        assert!(said.contains("$1"), "{said}");
        let said = refused(|d| d.query.push_str(" and a = '{{platform}}'"));
        assert!(said.contains("without quotes"), "{said}");
        let said = refused(|d| d.parameters[1].default = Some("much".into()));
        assert!(said.contains("decimal"), "{said}");
        refused(|d| d.parameters[0].name = "version".into());
        refused(|d| d.parameters[0].name = "Drop Table".into());
        refused(|d| d.parameters[1].name = "platform".into());
    }
}
