//! Stock text functions under a bound: how much a call would make is counted
//! from its arguments before the stock function makes it.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryViewArray, Int64Array, StringViewBuilder};
use arrow::compute::{can_cast_types, cast, concat};
use arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion::common::{exec_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};

/// Bytes of one value that a function makes.
const MAX_VALUE_BYTES: u64 = 1 << 20;
/// Bytes of all values that one call makes of one batch of rows.
const MAX_BATCH_BYTES: u64 = 16 << 20;
/// What a replacement by a pattern may make at worst, of one value: it is only
/// known when it is made.
const MAX_WORST_BYTES: u64 = 64 << 20;
/// Pairs of characters that `levenshtein` compares for one value, and a batch.
const MAX_VALUE_PAIRS: u64 = 4 << 20;
const MAX_BATCH_PAIRS: u64 = 256 << 20;
/// Bytes that one specifier of a format, of two characters, can become.
const FORMAT_FACTOR: u64 = 20;

/// The name of what `||` calls.
pub(crate) const JOINED_TEXTS: &str = "joined_texts";

/// How much a function makes of its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Growth {
    /// All arguments behind each other.
    Sum,
    /// The arguments behind the first, with the first between them.
    Joined,
    /// Two bytes for each of the first argument's.
    Double,
    /// The first argument as often as the second says.
    Times,
    /// As many characters as the second argument says.
    Padded,
    /// The first argument with each second one replaced by the third.
    Replaced,
    /// The same with a pattern.
    Matches,
    /// Each specifier of the second argument filled in.
    Format,
    /// Work, not bytes: each character of one compared with each of the other.
    Product,
}

/// `function` under the bounds of this file.
pub(crate) fn bounded(function: Arc<ScalarUDF>, growth: Growth) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(Bounded { function, growth }))
}

/// `a || b`: null if either is.
pub(crate) fn joined_texts() -> Arc<ScalarUDF> {
    let stock = Arc::new(ScalarUDF::new_from_impl(JoinedTexts {
        signature: Signature::user_defined(Volatility::Immutable),
    }));
    bounded(stock, Growth::Sum)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded {
    function: Arc<ScalarUDF>,
    growth: Growth,
}

/// Left out is `simplify`: it would put the stock function in our place.
impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.function.name()
    }

    fn aliases(&self) -> &[String] {
        self.function.aliases()
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        self.function.schema_name(args)
    }

    fn signature(&self) -> &Signature {
        self.function.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.function.return_type(arguments)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.function.return_field_from_args(args)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.function.coerce_types(arguments)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.function.documentation()
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args
            .args
            .iter()
            .all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let sizes = self.sizes(&args.args, rows)?;
        match self.growth {
            Growth::Matches => self.in_parts(args, &sizes, constant),
            _ => {
                self.check(&sizes)?;
                self.function.invoke_with_args(args)
            }
        }
    }
}

impl Bounded {
    /// What each row would make, bytes (or pairs).
    fn sizes(&self, args: &[ColumnarValue], rows: usize) -> Result<Vec<u64>> {
        let texts = |at: usize| Texts::of(args.get(at), rows);
        let number = |at: usize| Numbers::of(args.get(at), rows);
        let each = |size: &dyn Fn(usize) -> u64| -> Vec<u64> { (0..rows).map(size).collect() };
        Ok(match self.growth {
            Growth::Sum | Growth::Joined => {
                let all: Vec<Texts> = (0..args.len()).map(texts).collect::<Result<_>>()?;
                let gaps = match self.growth {
                    Growth::Joined => all.len().saturating_sub(2) as u64,
                    _ => 1,
                };
                each(&|row| {
                    let mut lengths = all.iter().map(|texts| texts.len(row));
                    let first = lengths.next().unwrap_or_default().saturating_mul(gaps);
                    lengths.fold(first, u64::saturating_add)
                })
            }
            Growth::Double => {
                let text = texts(0)?;
                each(&|row| text.len(row).saturating_mul(2))
            }
            Growth::Times => {
                let (text, times) = (texts(0)?, number(1)?);
                each(&|row| text.len(row).saturating_mul(times.get(row)))
            }
            Growth::Padded => {
                let (text, width, fill) = (texts(0)?, number(1)?, texts(2)?);
                each(&|row| {
                    // At most four bytes a character, one where all are ASCII.
                    let wide = !(text.get(row).is_ascii() && fill.get(row).is_ascii());
                    width.get(row).saturating_mul(if wide { 4 } else { 1 })
                })
            }
            Growth::Replaced => {
                let (text, from, to) = (texts(0)?, texts(1)?, texts(2)?);
                each(&|row| {
                    let (text, from) = (text.get(row), from.get(row));
                    let found = std::str::from_utf8(text)
                        .ok()
                        .zip(std::str::from_utf8(from).ok())
                        .map_or(text.len() + 1, |(text, from)| text.matches(from).count());
                    (text.len() as u64).saturating_add(to.len(row).saturating_mul(found as u64))
                })
            }
            Growth::Matches => {
                let (text, to) = (texts(0)?, texts(2)?);
                // Every place between two bytes can match, and each two bytes
                // of the replacement can name all of a match.
                each(&|row| {
                    let (text, to) = (text.len(row), to.len(row));
                    text.saturating_add((text + 1).saturating_mul(to).saturating_mul(3) / 2)
                })
            }
            Growth::Format => {
                let format = texts(1)?;
                each(&|row| format.len(row).saturating_mul(FORMAT_FACTOR))
            }
            Growth::Product => {
                let (one, other) = (texts(0)?, texts(1)?);
                each(&|row| one.len(row).saturating_mul(other.len(row)))
            }
        })
    }

    fn check(&self, sizes: &[u64]) -> Result<()> {
        let largest = sizes.iter().copied().max().unwrap_or_default();
        let total = sizes.iter().copied().fold(0, u64::saturating_add);
        let name = self.shown();
        if self.growth == Growth::Product {
            if largest > MAX_VALUE_PAIRS || total > MAX_BATCH_PAIRS {
                return exec_err!(
                    "{name} would compare {} pairs of characters; at most {} for two texts and {} for {} rows",
                    largest.max(total),
                    MAX_VALUE_PAIRS,
                    MAX_BATCH_PAIRS,
                    sizes.len()
                );
            }
            return Ok(());
        }
        if largest > MAX_VALUE_BYTES {
            return exec_err!(
                "{name} would make a text of {}; at most {} a value",
                shown(largest),
                shown(MAX_VALUE_BYTES)
            );
        }
        if total > MAX_BATCH_BYTES {
            return exec_err!(
                "{name} would make {} of {} rows at once; at most {}",
                shown(total),
                sizes.len(),
                shown(MAX_BATCH_BYTES)
            );
        }
        Ok(())
    }

    /// Runs the function over so many rows at a time that even the worst is
    /// bounded, and checks what it made.
    fn in_parts(
        &self,
        args: ScalarFunctionArgs,
        worst: &[u64],
        constant: bool,
    ) -> Result<ColumnarValue> {
        if let Some(size) = worst.iter().find(|size| **size > MAX_WORST_BYTES) {
            return exec_err!(
                "{} could make a text of {}; at most {} a value",
                self.shown(),
                shown(*size),
                shown(MAX_WORST_BYTES)
            );
        }
        let (mut made, mut sizes, mut begin) = (Vec::<ArrayRef>::new(), Vec::new(), 0);
        while begin < worst.len() {
            let mut total = 0;
            let fit = worst[begin..].iter().take_while(|size| {
                total += **size;
                total <= MAX_WORST_BYTES
            });
            let rows = fit.count().max(1);
            let part = self.function.invoke_with_args(ScalarFunctionArgs {
                args: args
                    .args
                    .iter()
                    .map(|arg| slice(arg, begin, rows))
                    .collect(),
                arg_fields: args.arg_fields.clone(),
                number_rows: rows,
                return_field: args.return_field.clone(),
                config_options: args.config_options.clone(),
            })?;
            if constant {
                self.check(&Texts::of(Some(&part), 1)?.lengths(1))?;
                return Ok(part);
            }
            sizes.extend(Texts::of(Some(&part), rows)?.lengths(rows));
            self.check(&sizes)?;
            made.push(part.into_array(rows)?);
            begin += rows;
        }
        if made.is_empty() {
            return self.function.invoke_with_args(args);
        }
        let made: Vec<&dyn Array> = made.iter().map(AsRef::as_ref).collect();
        Ok(ColumnarValue::Array(concat(&made)?))
    }

    /// As it is written in a query.
    fn shown(&self) -> &str {
        match self.name() {
            JOINED_TEXTS => "||",
            name => name,
        }
    }
}

fn slice(value: &ColumnarValue, begin: usize, rows: usize) -> ColumnarValue {
    match value {
        ColumnarValue::Array(array) => ColumnarValue::Array(array.slice(begin, rows)),
        ColumnarValue::Scalar(_) => value.clone(),
    }
}

/// An argument's texts; one that is null or not there is empty.
struct Texts(Option<BinaryViewArray>);

impl Texts {
    fn of(value: Option<&ColumnarValue>, rows: usize) -> Result<Self> {
        let Some(value) = value else {
            return Ok(Self(None));
        };
        let mut array = of_rows(value, rows)?;
        if let DataType::Dictionary(_, values) = array.data_type() {
            array = cast(&array, &values.clone())?;
        }
        if array.data_type() == &DataType::Null {
            return Ok(Self(None));
        }
        // A number joined to a text is turned into one; numbers are short.
        if !can_cast_types(array.data_type(), &DataType::BinaryView) {
            array = cast(&array, &DataType::Utf8View)?;
        }
        let bytes = cast(&array, &DataType::BinaryView)?;
        Ok(Self(Some(bytes.as_binary_view().clone())))
    }

    fn get(&self, row: usize) -> &[u8] {
        match &self.0 {
            // A constant has one row for all.
            Some(texts) if texts.len() == 1 => texts.is_valid(0).then(|| texts.value(0)),
            Some(texts) => texts.is_valid(row).then(|| texts.value(row)),
            None => None,
        }
        .unwrap_or_default()
    }

    fn len(&self, row: usize) -> u64 {
        self.get(row).len() as u64
    }

    fn lengths(&self, rows: usize) -> Vec<u64> {
        (0..rows).map(|row| self.len(row)).collect()
    }
}

/// An argument's whole numbers; one below zero, null or not there is zero.
struct Numbers(Option<Int64Array>);

impl Numbers {
    fn of(value: Option<&ColumnarValue>, rows: usize) -> Result<Self> {
        let Some(value) = value else {
            return Ok(Self(None));
        };
        let numbers = cast(&of_rows(value, rows)?, &DataType::Int64)?;
        Ok(Self(Some(numbers.as_primitive::<Int64Type>().clone())))
    }

    fn get(&self, row: usize) -> u64 {
        match &self.0 {
            Some(numbers) if numbers.len() == 1 => numbers.is_valid(0).then(|| numbers.value(0)),
            Some(numbers) => numbers.is_valid(row).then(|| numbers.value(row)),
            None => None,
        }
        .map_or(0, |number| u64::try_from(number).unwrap_or(0))
    }
}

/// A constant as one row, a column as it is.
fn of_rows(value: &ColumnarValue, rows: usize) -> Result<ArrayRef> {
    match value {
        ColumnarValue::Scalar(scalar) => Ok(scalar.to_array_of_size(1)?),
        ColumnarValue::Array(array) if array.len() == rows => Ok(array.clone()),
        ColumnarValue::Array(_) => exec_err!("an argument has another number of rows"),
    }
}

/// "12.0 GiB"
fn shown(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    match units.iter().find(|(shift, _)| bytes >> shift > 0) {
        Some((shift, unit)) => format!("{:.1} {unit}", bytes as f64 / (1_u64 << shift) as f64),
        None => format!("{bytes} bytes"),
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct JoinedTexts {
    signature: Signature,
}

impl ScalarUDFImpl for JoinedTexts {
    fn name(&self) -> &str {
        JOINED_TEXTS
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    /// One must be a text; the other becomes one.
    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        let is_text = |of: &DataType| {
            of.is_string()
                || matches!(of, DataType::Null)
                || matches!(of, DataType::Dictionary(_, values) if values.is_string())
        };
        match arguments {
            [one, other]
                if (is_text(one) || is_text(other))
                    && [one, other]
                        .iter()
                        .all(|of| of.is_null() || can_cast_types(of, &DataType::Utf8View)) =>
            {
                Ok(vec![DataType::Utf8View; 2])
            }
            _ => plan_err!("|| joins a text with a text or a number"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = ColumnarValue::values_to_arrays(&args.args)?;
        let (one, other) = (columns[0].as_string_view(), columns[1].as_string_view());
        let mut texts = StringViewBuilder::with_capacity(one.len());
        let mut text = String::new();
        for pair in one.iter().zip(other) {
            let (Some(one), Some(other)) = pair else {
                texts.append_null();
                continue;
            };
            text.clear();
            text.push_str(one);
            text.push_str(other);
            texts.append_value(&text);
        }
        Ok(ColumnarValue::Array(Arc::new(texts.finish())))
    }
}

#[cfg(test)]
#[path = "bounded_test.rs"]
mod tests;
