//! Which points take part: conditions on dimensions and names.

use std::sync::Arc;

use super::resolve::NAMES;
use crate::error::{Error, Result};

/// Values of one condition.
pub(super) const MAX_VALUES: usize = 100;

/// A condition; all conditions of a question hold together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Filter {
    /// A dimension key, or `platform`, `metric_type`, `metric_name`.
    pub dimension: String,
    /// How its value is compared.
    pub operator: Operator,
    /// With what; none for `Exists` and `Missing`, one for comparisons.
    pub values: Vec<Arc<str>>,
}

/// How a dimension's value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// It is one of the values.
    In,
    /// It is none of the values, or the point lacks the dimension.
    NotIn,
    /// The point has the dimension.
    Exists,
    /// The point lacks the dimension.
    Missing,
    /// It is a number above the value.
    Gt,
    /// It is a number, the value or above.
    Gte,
    /// It is a number below the value.
    Lt,
    /// It is a number, the value or below.
    Lte,
}

impl Operator {
    /// The sign of a comparison of numbers.
    pub(super) fn sign(self) -> Option<&'static str> {
        match self {
            Self::Gt => Some(">"),
            Self::Gte => Some(">="),
            Self::Lt => Some("<"),
            Self::Lte => Some("<="),
            Self::In | Self::NotIn | Self::Exists | Self::Missing => None,
        }
    }
}

impl Filter {
    pub(super) fn check(&self, index: usize) -> Result<()> {
        let refuse = |message: String, hint: &str| {
            Err(Error::Invalid {
                message,
                at: Some(format!("filters[{index}]")),
                location: None,
                hint: Some(hint.to_owned()),
            })
        };
        match (self.operator, self.values.len()) {
            (Operator::Exists | Operator::Missing, 0) => Ok(()),
            (Operator::Exists | Operator::Missing, _) => {
                refuse("the operator takes no values".into(), "leave `values` out")
            }
            (Operator::In | Operator::NotIn, 1..=MAX_VALUES) => Ok(()),
            (Operator::In | Operator::NotIn, n) => refuse(
                format!("{n} values are given, of 1 to {MAX_VALUES}"),
                "give the values to compare with; for more of them use SQL",
            ),
            (_, 1) => match storage_layout::Value::parse(&self.values[0]) {
                Ok(_) => Ok(()),
                Err(_) => refuse(
                    format!("{:?} is not a number", self.values[0]),
                    "comparisons are of numbers; use `in` for text",
                ),
            },
            (_, n) => refuse(
                format!("a comparison takes one value, not {n}"),
                "give one number in `values`",
            ),
        }
    }

    /// As [`Self::check`], and that names are not compared as numbers.
    pub(super) fn check_on_points(&self, index: usize) -> Result<()> {
        self.check(index)?;
        if NAMES.contains(&self.dimension.as_str()) && self.operator.sign().is_some() {
            return Err(Error::Invalid {
                message: format!("{} is a text, and no number", self.dimension),
                at: Some(format!("filters[{index}]")),
                location: None,
                hint: Some("use `in` or `not_in`".to_owned()),
            });
        }
        Ok(())
    }

    /// Whether a value passes; only for conditions on text.
    pub(super) fn passes(&self, value: Option<&str>) -> bool {
        let listed = |value: &str| self.values.iter().any(|v| &**v == value);
        match self.operator {
            Operator::In => value.is_some_and(listed),
            Operator::NotIn => value.is_none_or(|v| !listed(v)),
            Operator::Exists => value.is_some(),
            Operator::Missing => value.is_none(),
            Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte => false,
        }
    }
}
