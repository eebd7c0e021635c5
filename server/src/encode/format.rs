//! Which format an answer has.

use axum::http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};

use crate::error::{Problem, Result};

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Format {
    /// One JSON object with columns and rows.
    Json,
    /// One JSON object a row.
    NdJson,
    /// RFC 4180 with a header line.
    Csv,
    /// An Arrow IPC stream.
    ArrowStream,
    /// One Parquet file.
    Parquet,
}

impl Format {
    const ALL: [Self; 5] = [
        Self::Json,
        Self::NdJson,
        Self::Csv,
        Self::ArrowStream,
        Self::Parquet,
    ];

    /// The media type, as sent.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::NdJson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::ArrowStream => "application/vnd.apache.arrow.stream",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// A file name's ending.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::NdJson => "ndjson",
            Self::Csv => "csv",
            Self::ArrowStream => "arrows",
            Self::Parquet => "parquet",
        }
    }

    /// The format that `Accept` prefers; JSON when it does not say.
    pub(crate) fn accepted(headers: &HeaderMap) -> Result<Self> {
        let mut best: Option<(Self, f32)> = None;
        let mut asked = false;
        for value in headers.get_all(header::ACCEPT) {
            for range in value.to_str().unwrap_or_default().split(',') {
                asked |= !range.trim().is_empty();
                let (format, quality) = Self::of_range(range);
                let Some(format) = format else { continue };
                if quality > 0.0 && best.is_none_or(|(_, other)| quality > other) {
                    best = Some((format, quality));
                }
            }
        }
        match best {
            Some((format, _)) => Ok(format),
            None if !asked => Ok(Self::Json),
            None => Err(not_acceptable()),
        }
    }

    fn of_range(range: &str) -> (Option<Self>, f32) {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let quality = parts
            .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
            .map_or(1.0, |text| text.parse().unwrap_or(0.0));
        let format = match name.as_str() {
            "*/*" | "application/*" => Some(Self::Json),
            "text/*" => Some(Self::Csv),
            "application/ndjson" | "application/jsonl" => Some(Self::NdJson),
            _ => Self::ALL.into_iter().find(|f| f.media_type() == name),
        };
        (format, quality)
    }

    fn media_type(self) -> &'static str {
        let text = self.content_type();
        text.split_once(';').map_or(text, |(name, _)| name)
    }
}

fn not_acceptable() -> Problem {
    let known: Vec<_> = Format::ALL.iter().map(|f| f.media_type()).collect();
    Problem::new(
        StatusCode::NOT_ACCEPTABLE,
        "urn:tessera:problem:not-acceptable",
        "no such format",
        "none of the formats in Accept can be written",
    )
    .at("Accept")
    .hint(format!("ask for one of {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(accept: &str, expected: Option<Format>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().expect("a header value"));
        assert_eq!(Format::accepted(&headers).ok(), expected, "{accept}");
    }

    #[test]
    fn accept_chooses_the_format() {
        check("", Some(Format::Json));
        check("*/*", Some(Format::Json));
        check("text/csv", Some(Format::Csv));
        check("Text/CSV; header=present", Some(Format::Csv));
        check(
            "application/json;q=0.5, application/x-ndjson",
            Some(Format::NdJson),
        );
        check(
            "image/png, application/vnd.apache.parquet;q=0.1",
            Some(Format::Parquet),
        );
        check(
            "application/vnd.apache.arrow.stream",
            Some(Format::ArrowStream),
        );
        check("text/csv;q=0", None);
        check("image/png", None);
    }
}
