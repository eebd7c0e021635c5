//! Query parameters of a known shape; others are refused.
//!
//! What is wrong is said in the words of the one who wrote the address: the
//! parameter and what it may be, not the program's types.

use std::fmt;

use axum::extract::{FromRequestParts, Query};
use axum::http::Uri;
use axum::http::request::Parts;
use serde::de::value::MapDeserializer;
use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};

use crate::app::App;
use crate::error::{Problem, Result};

/// The parameters of a request.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self> {
        parse(&parts.uri).map(Self)
    }
}

/// All parameters as they were sent, for a route whose names are a tenant's.
pub(crate) struct Pairs(pub(crate) Vec<(String, String)>);

impl FromRequestParts<App> for Pairs {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self> {
        pairs(&parts.uri).map(Self)
    }
}

fn pairs(uri: &Uri) -> Result<Vec<(String, String)>> {
    let Query(pairs) = Query::try_from_uri(uri)
        .map_err(|_| Problem::malformed("the query parameters cannot be read"))?;
    Ok(pairs)
}

/// Reads parameters of a known shape out of some pairs.
pub(crate) fn shaped<T: DeserializeOwned>(pairs: Vec<(String, String)>) -> Result<T> {
    let pairs = pairs
        .into_iter()
        .map(|(name, text)| (name.clone(), Value { name, text }));
    T::deserialize(MapDeserializer::new(pairs)).map_err(|fault: Fault| {
        let problem = Problem::malformed(fault.what);
        problem.at(fault.name.unwrap_or_else(|| "query parameters".into()))
    })
}

fn parse<T: DeserializeOwned>(uri: &Uri) -> Result<T> {
    shaped(pairs(uri)?)
}

/// A parameter's text, which becomes what its field asks for.
struct Value {
    name: String,
    text: String,
}

impl Value {
    fn fault(&self, expected: &str) -> Fault {
        Fault {
            what: format!("the parameter {} must be {expected}", self.name),
            name: Some(self.name.clone()),
        }
    }
}

impl IntoDeserializer<'_, Fault> for Value {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! whole_numbers {
    ($($deserialize:ident $visit:ident),+) => {$(
        fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            match self.text.parse() {
                Ok(number) => visitor.$visit(number),
                Err(_) => Err(self.fault("a whole number")),
            }
        }
    )+};
}

impl<'de> Deserializer<'de> for Value {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let nameless = self.fault("of another form");
        visitor
            .visit_string(self.text)
            .map_err(|fault: Fault| match fault.name {
                Some(_) => fault,
                None => nameless,
            })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.text.as_str() {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(self.fault("true or false")),
        }
    }

    whole_numbers! {
        deserialize_u8 visit_u8, deserialize_u16 visit_u16, deserialize_u32 visit_u32,
        deserialize_u64 visit_u64, deserialize_i32 visit_i32, deserialize_i64 visit_i64
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if !variants.contains(&self.text.as_str()) {
            return Err(self.fault(&alternatives(variants)));
        }
        visitor.visit_enum(self.text.into_deserializer())
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i128 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// What is wrong with which parameter.
#[derive(Debug)]
struct Fault {
    what: String,
    name: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(_message: T) -> Self {
        Self {
            what: "the query parameters cannot be read".into(),
            name: None,
        }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let shown: String = field.chars().take(64).collect();
        Self {
            what: format!(
                "there is no parameter {shown:?}; there is {}",
                expected.join(", ")
            ),
            name: Some(shown),
        }
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self {
            what: format!("the parameter {field} is given twice"),
            name: Some(field.into()),
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self {
            what: format!("the parameter {field} is missing"),
            name: Some(field.into()),
        }
    }
}

/// "a, b or c".
fn alternatives(variants: &[&str]) -> String {
    match variants.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Colour {
        #[default]
        Red,
        Green,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        #[serde(default)]
        strict: bool,
        #[serde(default)]
        colour: Colour,
        text: Option<String>,
        count: Option<u64>,
    }

    fn asked(query: &str) -> Result<Asked> {
        parse(&format!("/x?{query}").parse().expect("a URI"))
    }

    #[test]
    fn parameters_are_read_by_what_they_are() {
        let found = asked("strict=true&colour=green&text=a%20%26b+c&count=3");
        let expected = Asked {
            strict: true,
            colour: Colour::Green,
            text: Some("a &b c".into()),
            count: Some(3),
        };
        assert_eq!(found.expect("parameters"), expected);
        assert_eq!(asked("").expect("parameters").colour, Colour::Red);
    }

    #[test]
    fn a_refusal_names_the_parameter_and_what_it_may_be() {
        for (query, at, what) in [
            ("strict=1", "strict", "must be true or false"),
            ("strict=", "strict", "must be true or false"),
            ("colour=blue", "colour", "must be red or green"),
            ("count=x", "count", "must be a whole number"),
            ("stirct=true", "stirct", "there is no parameter"),
            ("text=a&text=b", "text", "given twice"),
        ] {
            let problem = asked(query).expect_err("a refusal");
            let shown = serde_json::to_value(problem).expect("JSON");
            assert_eq!(shown["at"], at, "{query}");
            assert!(
                shown["detail"].as_str().expect("a text").contains(what),
                "{shown}"
            );
        }
    }
}
