//! A mapping compiled against a file's columns: once for the file, never per
//! line. [`super::evaluate`] runs it.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::error::DataFusionError;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::sqlparser::ast::{Expr as SqlExpr, visit_expressions};

use super::mapping::{Mapping, Target};
use crate::error::{Error, Result};

/// The column of line numbers that every file has.
pub(super) const LINE: &str = "_line";

/// A mapping's expressions, ready to run on batches.
#[derive(Debug)]
pub(super) struct Program {
    schema: SchemaRef,
    used: Vec<usize>,
    pub(super) steps: Vec<Step>,
}

/// One compiled expression.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) target: Target,
    pub(super) expression: Arc<dyn PhysicalExpr>,
    pub(super) data_type: DataType,
    pub(super) shape: Shape,
}

/// How a result is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    Number,
    Bool,
    /// A time with a zone.
    Instant,
    /// A time or date without one.
    LocalTime,
}

impl Program {
    /// Compiles; the error names the key at fault. `columns` are the file's,
    /// with `_line` last.
    pub(super) fn compile(mapping: &Mapping, columns: &SchemaRef) -> Result<Self> {
        let session = session();
        let all = DFSchema::try_from(columns.as_ref().clone()).map_err(Error::internal)?;
        let mut parsed = Vec::with_capacity(mapping.expressions.len());
        let mut used = vec![false; columns.fields().len()];
        for (target, text) in &mapping.expressions {
            let expression = session
                .parse_sql_expr(text, &all)
                .map_err(|error| not_sql(target, &error))?;
            for column in expression.column_refs() {
                let index = columns
                    .index_of(&column.name)
                    .map_err(|error| fault(target, &error))?;
                used[index] = true;
            }
            parsed.push((target, expression));
        }
        let line = columns.fields().len() - 1;
        let used: Vec<usize> = (0..line).filter(|&index| used[index]).collect();
        let mut kept: Vec<usize> = used.clone();
        kept.push(line);
        let schema: SchemaRef = Arc::new(columns.project(&kept).map_err(Error::internal)?);
        let narrow = DFSchema::try_from(schema.as_ref().clone()).map_err(Error::internal)?;
        let steps = parsed.into_iter().map(|(target, expression)| {
            let expression = session
                .create_physical_expr(expression, &narrow)
                .map_err(|error| not_sql(target, &error))?;
            Step::new(target, expression, &schema)
        });
        Ok(Self {
            steps: steps.collect::<Result<_>>()?,
            schema,
            used,
        })
    }

    /// The columns the expressions use, and `_line` last.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Where these columns are in the file, `_line` left out.
    pub(super) fn used(&self) -> &[usize] {
        &self.used
    }
}

impl Step {
    fn new(target: &Target, expression: Arc<dyn PhysicalExpr>, schema: &Schema) -> Result<Self> {
        let data_type = expression
            .data_type(schema)
            .map_err(|error| not_sql(target, &error))?;
        let shape = shape(target, &data_type).ok_or_else(|| {
            let expected = match target {
                Target::Value => "a number or text",
                Target::RecordedAt => {
                    "a timestamp, a date or text (of a number: to_timestamp_seconds(…))"
                }
                _ => "text, a number or a boolean",
            };
            fault(
                target,
                &format!("gives {data_type}; expected is {expected}"),
            )
        })?;
        Ok(Self {
            target: target.clone(),
            expression,
            data_type,
            shape,
        })
    }
}

/// The columns a mapping's expressions name, for files that do not say which
/// they have.
pub(super) fn identifiers(mapping: &Mapping) -> Result<Vec<String>> {
    let state = session().state();
    let dialect = state.config_options().sql_parser.dialect;
    let mut names = Vec::new();
    for (target, text) in &mapping.expressions {
        let parsed = state
            .sql_to_expr(text, &dialect)
            .map_err(|error| not_sql(target, &error))?;
        let _ = visit_expressions(&parsed, |expression| {
            if let SqlExpr::Identifier(name) = expression
                && name.value != LINE
                && !names.contains(&name.value)
            {
                names.push(name.value.clone());
            }
            ControlFlow::<()>::Continue(())
        });
    }
    Ok(names)
}

/// Column names are taken as written, and `1.1` is a decimal.
fn session() -> SessionContext {
    let mut config = SessionConfig::new();
    let options = config.options_mut();
    options.sql_parser.parse_float_as_decimal = true;
    options.sql_parser.enable_ident_normalization = false;
    SessionContext::new_with_config(config)
}

fn shape(target: &Target, data_type: &DataType) -> Option<Shape> {
    let shape = match data_type {
        DataType::Dictionary(_, values) => return shape(target, values),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => Shape::Text,
        DataType::Boolean => Shape::Bool,
        DataType::Timestamp(_, Some(_)) => Shape::Instant,
        DataType::Timestamp(_, None) | DataType::Date32 | DataType::Date64 => Shape::LocalTime,
        other if other.is_numeric() => Shape::Number,
        _ => return None,
    };
    let fits = match target {
        Target::Value => matches!(shape, Shape::Number | Shape::Text),
        Target::RecordedAt => matches!(shape, Shape::Instant | Shape::LocalTime | Shape::Text),
        _ => true,
    };
    // A time as a dimension, a name or an id is its text.
    let is_time = matches!(shape, Shape::Instant | Shape::LocalTime);
    fits.then_some(if is_time && *target != Target::RecordedAt {
        Shape::Text
    } else {
        shape
    })
}

fn not_sql(target: &Target, error: &DataFusionError) -> Error {
    fault(target, &error.find_root().strip_backtrace())
}

fn fault(target: &Target, what: &dyn std::fmt::Display) -> Error {
    let key = target.path();
    Error::invalid(format!("mapping: `{key}`: {what}"), key)
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Field;

    use super::*;

    fn compile(value: &str) -> Result<Program> {
        let mapping = format!(
            "platform = \"'p'\"\nmetric_type = \"'t'\"\nmetric_name = \"'n'\"\nvalue = '{value}'"
        );
        let decimal =
            |name: &str, scale| Arc::new(Field::new(name, DataType::Decimal128(18, scale), true));
        let text = Arc::new(Field::new("Unused", DataType::Utf8, true));
        let columns = vec![text, decimal("Quantity", 4), decimal("Unit Price", 6)];
        Program::compile(
            &Mapping::parse(&mapping)?,
            &super::super::reader::with_line(columns),
        )
    }

    #[test]
    fn only_the_columns_in_use_are_read_and_names_are_taken_as_written() {
        let program = compile("Quantity * \"Unit Price\" * 1.1").expect("compiles");
        assert_eq!(program.used(), [1, 2]);
        assert_eq!(program.schema().fields().len(), 3);
        let value = program
            .steps
            .iter()
            .find(|step| step.target == Target::Value)
            .expect("value");
        assert!(value.data_type.is_decimal(), "{}", value.data_type);
    }

    #[test]
    fn a_fault_in_an_expression_names_its_key() {
        for (value, named) in [
            ("Quantty", "Quantty"),
            ("Quantity *", "xpected"),
            ("Quantity > 1", "gives Boolean"),
            ("sum(Quantity)", ""),
            (
                "Unused * Quantity * no_such_function(1)",
                "no_such_function",
            ),
        ] {
            let error = compile(value).expect_err(value).to_string();
            assert!(
                error.starts_with("mapping: `value`: ") && error.contains(named),
                "{error}"
            );
        }
    }

    #[test]
    fn the_columns_of_a_mapping_are_found_in_its_expressions() {
        let mapping = Mapping::parse(
            "platform = 'p'\nmetric_type = \"'t'\"\nmetric_name = 'upper(n)'\n\
             value = 'case when \"a.b\" is null then c else _line end'",
        );
        let mut names = identifiers(&mapping.expect("mapping")).expect("names");
        names.sort();
        assert_eq!(names, ["a.b", "c", "n", "p"]);
    }
}
