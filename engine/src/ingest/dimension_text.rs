//! Dimensions as JSON text: what is kept of those that columns do not hold.

use storage_layout::Value;
use storage_layout::dimension_template::write_text;

use super::DimensionValue;

/// Writes all dimensions as one JSON object; numbers that fit in canonical text.
pub(super) fn write_object(json: &mut String, dimensions: &[(&str, DimensionValue<'_>)]) {
    json.clear();
    json.push('{');
    for (i, (key, value)) in dimensions.iter().enumerate() {
        if i > 0 {
            json.push(',');
        }
        write_text(json, key);
        json.push(':');
        match value {
            DimensionValue::Null => json.push_str("null"),
            DimensionValue::Bool(true) => json.push_str("true"),
            DimensionValue::Bool(false) => json.push_str("false"),
            DimensionValue::Text(text) => write_text(json, text),
            DimensionValue::Nested(text) => json.push_str(text),
            DimensionValue::Number(text) => write_number(json, text),
        }
    }
    json.push('}');
}

fn write_number(json: &mut String, text: &str) {
    let digits = text.as_bytes();
    if is_canonical(digits) {
        return json.push_str(text);
    }
    match Value::parse(text) {
        Ok(parsed) if !parsed.rounded => json.push_str(&parsed.value.to_string()),
        _ => json.push_str(text),
    }
}

/// Whether a number that fits is written as we would write it: the common
/// forms, `17` and `17.25`, without parsing them.
fn is_canonical(digits: &[u8]) -> bool {
    let dot = digits.iter().position(|c| *c == b'.');
    let (whole, fraction) = digits.split_at(dot.unwrap_or(digits.len()));
    let all_digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    let whole_fits = (1..=15).contains(&whole.len()) && (whole.len() == 1 || whole[0] != b'0');
    let fraction_fits = match fraction {
        [] => true,
        [_, decimals @ ..] => {
            (1..=9).contains(&decimals.len())
                && decimals.last() != Some(&b'0')
                && all_digits(decimals)
        }
    };
    whole_fits && fraction_fits && all_digits(whole)
}

/// Whether a JSON text writes a NUL character, which it can only by an escape.
pub(super) fn escapes_nul(json: &str) -> bool {
    let before = |at: usize| json[..at].bytes().rev().take_while(|b| *b == b'\\').count();
    let mut escapes = json.match_indices("\\u0000");
    escapes.any(|(at, _)| before(at) % 2 == 0)
}

/// How deep a JSON text nests.
pub(super) fn depth(json: &str) -> usize {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
