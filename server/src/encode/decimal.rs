//! Decimals in JSON: exact, without trailing zeros, as number or text.
//!
//! Everything else is written by arrow-json.

use arrow::array::{Array, AsArray, PrimitiveArray};
use arrow::datatypes::{
    DataType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType, FieldRef,
};
use arrow::error::ArrowError;
use arrow::json::writer::{Encoder, NullableEncoder};
use arrow::json::{EncoderFactory, EncoderOptions};

use super::Decimals;

/// Takes the decimal columns, wherever they are nested.
#[derive(Debug)]
pub(super) struct DecimalEncoders(pub(super) Decimals);

impl EncoderFactory for DecimalEncoders {
    fn make_default_encoder<'a>(
        &self,
        _field: &'a FieldRef,
        array: &'a dyn Array,
        _options: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        let encoder = match array.data_type() {
            DataType::Decimal32(..) => self.encoder(array.as_primitive::<Decimal32Type>()),
            DataType::Decimal64(..) => self.encoder(array.as_primitive::<Decimal64Type>()),
            DataType::Decimal128(..) => self.encoder(array.as_primitive::<Decimal128Type>()),
            DataType::Decimal256(..) => self.encoder(array.as_primitive::<Decimal256Type>()),
            _ => return Ok(None),
        };
        Ok(Some(encoder))
    }
}

impl DecimalEncoders {
    fn encoder<'a, T: DecimalType>(&self, array: &'a PrimitiveArray<T>) -> NullableEncoder<'a> {
        let quote: &[u8] = match self.0 {
            Decimals::Number => b"",
            Decimals::String => b"\"",
        };
        NullableEncoder::new(
            Box::new(DecimalEncoder { array, quote }),
            array.nulls().cloned(),
        )
    }
}

struct DecimalEncoder<'a, T: DecimalType> {
    array: &'a PrimitiveArray<T>,
    quote: &'static [u8],
}

impl<T: DecimalType> Encoder for DecimalEncoder<'_, T> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let (precision, scale) = (self.array.precision(), self.array.scale());
        let text = T::format_decimal(self.array.value(row), precision, scale);
        out.extend_from_slice(self.quote);
        out.extend_from_slice(canonical(&text).as_bytes());
        out.extend_from_slice(self.quote);
    }
}

/// The same number without trailing zeros after the point, and never `-0`.
fn canonical(text: &str) -> &str {
    if !text.contains('.') {
        return text;
    }
    match text.trim_end_matches('0').trim_end_matches('.') {
        "-0" => "0",
        short => short,
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn trailing_zeros_go_and_the_value_stays() {
        for (text, expected) in [
            ("4.070000000", "4.07"),
            ("10.000000000", "10"),
            ("0.000000000", "0"),
            ("-0.500", "-0.5"),
            ("100", "100"),
        ] {
            assert_eq!(canonical(text), expected);
        }
    }
}
