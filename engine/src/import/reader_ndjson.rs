//! NDJSON: one object a line. Numbers keep their text, nested values are JSON
//! text; a column `"customer.id"` (in quotes) looks into nested objects.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::value::RawValue;

use super::chunk::{CHUNK_BYTES, CHUNK_LINES, Chunk, ChunkHasher, Content, LineFault, Lines};
use super::decoded::{Decode, Decoded, TextColumns, UsedColumn};
use super::lines::{LINE_BYTES, Line, LineReader};
use super::program::Program;
use super::reader::{self, Source};
use crate::error::{Error, Result};

/// Cuts an NDJSON file into chunks.
#[derive(Debug)]
pub(super) struct NdJsonSource {
    path: PathBuf,
    lines: LineReader,
    hasher: ChunkHasher,
    line: Line,
}

impl NdJsonSource {
    /// Starts at the first line.
    pub(super) fn new(path: &Path, lines: LineReader, hasher: ChunkHasher) -> Self {
        Self {
            path: path.to_owned(),
            lines,
            hasher: hasher.with(b"ndjson"),
            line: Line::default(),
        }
    }
}

impl Source for NdJsonSource {
    fn next_chunk(&mut self) -> Result<Option<Chunk>> {
        let (mut lines, mut faults) = (Lines::default(), Vec::new());
        let mut hasher = None;
        while lines.ends.len() + faults.len() < CHUNK_LINES && lines.text.len() < CHUNK_BYTES {
            let last = self.line.number;
            let more = self.lines.next(&mut self.line);
            if !more.map_err(|error| reader::damaged(&self.path, last, &error))? {
                break;
            }
            let Line {
                number,
                text,
                too_long,
            } = &self.line;
            let text = text.trim_ascii();
            if text.is_empty() {
                continue;
            }
            hasher
                .get_or_insert_with(|| self.hasher.chunk(*number))
                .part(text);
            if *too_long {
                faults.push(LineFault {
                    line: *number,
                    field: String::new(),
                    reason: format!("the line is longer than {LINE_BYTES} bytes"),
                    record: String::from_utf8_lossy(&text[..text.len().min(1_000)]).into_owned(),
                });
            } else {
                lines.push(text, *number);
            }
        }
        let bytes_read = self.lines.bytes_read();
        Ok(hasher.map(|hasher| Chunk {
            hash: hasher.finish(),
            content: Content::Lines(lines),
            faults,
            bytes_read,
        }))
    }
}

/// Takes the columns a mapping uses out of objects.
#[derive(Debug)]
pub(super) struct NdJsonDecoder {
    pub(super) columns: Vec<UsedColumn>,
}

type Object<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

impl Decode for NdJsonDecoder {
    fn decode(&self, program: &Program, chunk: &Chunk) -> Result<Decoded> {
        let Content::Lines(lines) = &chunk.content else {
            return Err(Error::internal("a chunk of NDJSON has lines"));
        };
        let mut columns = TextColumns::new(&self.columns, lines.ends.len());
        for (index, &(_, line)) in lines.ends.iter().enumerate() {
            match serde_json::from_slice::<Object<'_>>(lines.record(index)) {
                Ok(object) => columns.push(index, line, |column| lookup(&object, &column.name)),
                Err(error) => {
                    columns.reject(chunk.fault(
                        index,
                        "",
                        format!("the line is not a JSON object: {error}"),
                    ));
                }
            }
        }
        columns.finish(program, chunk)
    }
}

/// The text of a key; a dotted name also looks into nested objects.
fn lookup<'a>(object: &Object<'a>, name: &str) -> Option<Cow<'a, str>> {
    if let Some(value) = object.get(name) {
        return text(value);
    }
    name.match_indices('.').find_map(|(dot, _)| {
        let nested = object.get(&name[..dot])?.get();
        let nested: Object<'a> = serde_json::from_str(nested).ok()?;
        lookup(&nested, &name[dot + 1..])
    })
}

fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    let json = value.get();
    match json.as_bytes() {
        b"null" => None,
        [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => {
            Some(Cow::Borrowed(&json[1..json.len() - 1]))
        }
        [b'"', ..] => serde_json::from_str::<String>(json).ok().map(Cow::Owned),
        _ => Some(Cow::Borrowed(json)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_keeps_its_text() {
        let line = r#"{"n":1.50,"s":"a\u00e9","b":true,"z":null,"o":{"id": 12345678901234567890.10, "p.q": 1}}"#;
        let object: Object<'_> = serde_json::from_str(line).expect("object");
        let check = |name: &str, text: Option<&str>| {
            assert_eq!(lookup(&object, name).as_deref(), text, "{name}")
        };
        check("n", Some("1.50"));
        check("s", Some("aé"));
        check("b", Some("true"));
        check("z", None);
        check("absent", None);
        check("o", Some(r#"{"id": 12345678901234567890.10, "p.q": 1}"#));
        check("o.id", Some("12345678901234567890.10"));
        check("o.p.q", Some("1"));
        check("n.id", None);
    }
}
