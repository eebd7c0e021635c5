//! `sum` that errs where the stock one wraps: over decimals and whole numbers.
//!
//! Floats, durations and intervals are the stock function's. A sum is checked
//! at every addition against the width of its type, and at its end against the
//! digits of the answer's type; so are the parts of it that threads add up.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowNativeTypeOp, AsArray, BooleanArray, PrimitiveArray};
use arrow::buffer::NullBuffer;
use arrow::compute::sum_checked;
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    DecimalType, FieldRef, Int64Type, UInt64Type,
};
use datafusion::error::{DataFusionError, Result};
use datafusion::functions_aggregate::sum::Sum;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, EmitTo, GroupsAccumulator,
    ReversedUDAF, SetMonotonicity, Signature,
};
use datafusion::scalar::ScalarValue;

/// `sum(number)`, in place of the stock one.
pub(crate) fn checked_sum() -> Arc<AggregateUDF> {
    Arc::new(AggregateUDF::new_from_impl(CheckedSum {
        stock: Sum::new(),
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CheckedSum {
    stock: Sum,
}

/// Numbers whose sum is checked.
trait Summed: ArrowPrimitiveType + std::fmt::Debug + Send + Sync {
    /// Whether a sum is one of the numbers of `of`.
    fn fits(sum: Self::Native, of: &DataType) -> bool;
}

macro_rules! summed {
    (decimals: $($decimal:ty),+; whole: $($whole:ty),+) => {
        $(impl Summed for $decimal {
            fn fits(sum: Self::Native, of: &DataType) -> bool {
                match of {
                    DataType::Decimal32(precision, _)
                    | DataType::Decimal64(precision, _)
                    | DataType::Decimal128(precision, _)
                    | DataType::Decimal256(precision, _) => {
                        <$decimal>::is_valid_decimal_precision(sum, *precision)
                    }
                    _ => false,
                }
            }
        })+
        $(impl Summed for $whole {
            fn fits(_sum: Self::Native, _of: &DataType) -> bool {
                true
            }
        })+
    };
}

summed!(
    decimals: Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type;
    whole: Int64Type, UInt64Type
);

/// `$make::<T>($data_type)` for the type `T` of the answer, if it is checked.
macro_rules! of_type {
    ($args:expr, $make:ident, $otherwise:expr) => {{
        let of = $args.return_field.data_type().clone();
        match of {
            DataType::Decimal32(..) => Ok(Box::new($make::<Decimal32Type>::new(of))),
            DataType::Decimal64(..) => Ok(Box::new($make::<Decimal64Type>::new(of))),
            DataType::Decimal128(..) => Ok(Box::new($make::<Decimal128Type>::new(of))),
            DataType::Decimal256(..) => Ok(Box::new($make::<Decimal256Type>::new(of))),
            DataType::Int64 => Ok(Box::new($make::<Int64Type>::new(of))),
            DataType::UInt64 => Ok(Box::new($make::<UInt64Type>::new(of))),
            _ => $otherwise,
        }
    }};
}

impl AggregateUDFImpl for CheckedSum {
    fn name(&self) -> &str {
        self.stock.name()
    }

    fn signature(&self) -> &Signature {
        self.stock.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.stock.return_type(arguments)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.stock.state_fields(args)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if !args.is_distinct {
            return of_type!(args, Running, self.stock.accumulator(args));
        }
        let of = args.return_field.data_type().clone();
        let values = self.stock.accumulator(args)?;
        Ok(match of {
            DataType::Decimal32(..) => Distinct::<Decimal32Type>::boxed(of, values),
            DataType::Decimal64(..) => Distinct::<Decimal64Type>::boxed(of, values),
            DataType::Decimal128(..) => Distinct::<Decimal128Type>::boxed(of, values),
            DataType::Decimal256(..) => Distinct::<Decimal256Type>::boxed(of, values),
            DataType::Int64 => Distinct::<Int64Type>::boxed(of, values),
            DataType::UInt64 => Distinct::<UInt64Type>::boxed(of, values),
            _ => values,
        })
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        self.stock.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        of_type!(args, Groups, self.stock.create_groups_accumulator(args))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        match args.is_distinct {
            true => self.stock.create_sliding_accumulator(args),
            false => of_type!(args, Running, self.stock.create_sliding_accumulator(args)),
        }
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        self.stock.reverse_expr()
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.stock.order_sensitivity()
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.stock.documentation()
    }

    fn set_monotonicity(&self, of: &DataType) -> SetMonotonicity {
        self.stock.set_monotonicity(of)
    }

    // Left out: `sum(x + 1)` as `sum(x) + 1 * count(x)`, whose product wraps.
}

/// One sum, which a window may take rows from again.
#[derive(Debug)]
struct Running<T: Summed> {
    sum: T::Native,
    /// Numbers in the sum; without any it is null.
    count: u64,
    of: DataType,
}

impl<T: Summed> Running<T> {
    fn new(of: DataType) -> Self {
        Self {
            sum: T::default_value(),
            count: 0,
            of,
        }
    }
}

impl<T: Summed> Accumulator for Running<T> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let values = values[0].as_primitive::<T>();
        if let Some(sum) = sum_checked(values).map_err(|_| too_large(&self.of))? {
            self.sum = plus::<T>(self.sum, sum, &self.of)?;
        }
        self.count += (values.len() - values.null_count()) as u64;
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let values = values[0].as_primitive::<T>();
        if let Some(sum) = sum_checked(values).map_err(|_| too_large(&self.of))? {
            let rest = self.sum.sub_checked(sum);
            self.sum = rest.map_err(|_| too_large(&self.of))?;
        }
        self.count -= (values.len() - values.null_count()) as u64;
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let sum = (self.count != 0).then_some(self.sum);
        if sum.is_some_and(|sum| !T::fits(sum, &self.of)) {
            return Err(too_large(&self.of));
        }
        ScalarValue::new_primitive::<T>(sum, &self.of)
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

/// The sum of different numbers, which the stock function collects.
#[derive(Debug)]
struct Distinct<T: Summed> {
    values: Box<dyn Accumulator>,
    of: DataType,
    numbers: std::marker::PhantomData<T>,
}

impl<T: Summed> Distinct<T> {
    fn boxed(of: DataType, values: Box<dyn Accumulator>) -> Box<dyn Accumulator> {
        Box::new(Self {
            values,
            of,
            numbers: std::marker::PhantomData,
        })
    }
}

impl<T: Summed> Accumulator for Distinct<T> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.values.update_batch(values)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.values.merge_batch(states)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.values.state()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut sum = Running::<T>::new(self.of.clone());
        for state in self.values.state()? {
            let ScalarValue::List(list) = state else {
                return datafusion::common::internal_err!("different numbers are no list");
            };
            sum.update_batch(std::slice::from_ref(list.values()))?;
        }
        sum.evaluate()
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.size()
    }
}

/// A sum for each group.
#[derive(Debug)]
struct Groups<T: Summed> {
    sums: Vec<T::Native>,
    /// Whether a group has any number; without one its sum is null.
    seen: Vec<bool>,
    of: DataType,
}

impl<T: Summed> Groups<T> {
    fn new(of: DataType) -> Self {
        Self {
            sums: Vec::new(),
            seen: Vec::new(),
            of,
        }
    }

    fn add(&mut self, group: usize, value: T::Native) -> Result<()> {
        let sum = &mut self.sums[group];
        *sum = plus::<T>(*sum, value, &self.of)?;
        self.seen[group] = true;
        Ok(())
    }
}

impl<T: Summed> GroupsAccumulator for Groups<T> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        let values = values[0].as_primitive::<T>();
        self.sums.resize(total_num_groups, T::default_value());
        self.seen.resize(total_num_groups, false);
        let counted = counted(values.nulls(), opt_filter);
        let rows = group_indices.iter().zip(values.values());
        match counted {
            None => {
                for (&group, &value) in rows {
                    self.add(group, value)?;
                }
            }
            Some(counted) => {
                for ((&group, &value), counted) in rows.zip(&counted) {
                    if counted {
                        self.add(group, value)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.update_batch(values, group_indices, None, total_num_groups)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let sums = emit_to.take_needed(&mut self.sums);
        let seen = emit_to.take_needed(&mut self.seen);
        // A group without a number has the sum 0, which fits.
        if sums.iter().any(|sum| !T::fits(*sum, &self.of)) {
            return Err(too_large(&self.of));
        }
        let sums = PrimitiveArray::<T>::new(sums.into(), Some(NullBuffer::from(seen)));
        Ok(Arc::new(sums.with_data_type(self.of.clone())))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.evaluate(emit_to)?])
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let values = values[0].as_primitive::<T>();
        let counted = counted(values.nulls(), opt_filter);
        let sums = PrimitiveArray::<T>::new(values.values().clone(), counted);
        Ok(vec![Arc::new(sums.with_data_type(self.of.clone()))])
    }

    fn size(&self) -> usize {
        self.sums.capacity() * size_of::<T::Native>() + self.seen.capacity()
    }
}

/// Which rows count: those with a number that the filter lets through.
fn counted(numbers: Option<&NullBuffer>, filter: Option<&BooleanArray>) -> Option<NullBuffer> {
    let filter = filter.map(|filter| match filter.nulls() {
        Some(known) => NullBuffer::new(filter.values() & known.inner()),
        None => NullBuffer::new(filter.values().clone()),
    });
    NullBuffer::union(numbers, filter.as_ref())
}

#[inline]
fn plus<T: Summed>(sum: T::Native, value: T::Native, of: &DataType) -> Result<T::Native> {
    sum.add_checked(value).map_err(|_| too_large(of))
}

#[cold]
fn too_large(of: &DataType) -> DataFusionError {
    let digits = match of {
        DataType::Decimal32(precision, _)
        | DataType::Decimal64(precision, _)
        | DataType::Decimal128(precision, _)
        | DataType::Decimal256(precision, _) => format!("more than {precision} digits"),
        _ => "more than 64 bits".to_owned(),
    };
    let cast = match of {
        DataType::Int64 | DataType::UInt64 => "decimal(38, 0) for an exact sum",
        _ => "double precision for a rounded sum",
    };
    DataFusionError::Execution(format!(
        "a sum needs {digits}, which its type does not have: sum fewer rows, or cast what is summed to {cast}"
    ))
}
