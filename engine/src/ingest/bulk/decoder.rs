//! Arrow and Parquet are decoded in a process of their own.
//!
//! A file may claim what it likes: sizes, dictionaries, nesting. The child has
//! bounded memory and processor time, no credential and nothing but the body
//! as its standard input; when it dies, one request has failed. It answers
//! with lines of JSON points, which are held against the limits of lines.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, copy};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde::{Deserialize, Serialize};

use super::input::{Input, over, unreadable};
use super::lines::{Line, NdJson};
use super::slots::Turn;
use super::{Format, ToDecode, columnar};
use crate::error::{Error, Result};

/// Bytes of what a child says about a body.
const SAID_BYTES: u64 = 16 * 1024;

/// The program that decodes: the server's own, under a verb that calls
/// [`columnar::to_lines`] within the bounds that stand there.
#[derive(Debug, Clone)]
pub struct DecoderProgram {
    /// The program.
    pub path: PathBuf,
    /// Its arguments; the format's name follows.
    pub arguments: Vec<String>,
    /// All of its environment.
    pub environment: Vec<(String, String)>,
}

/// What a child says of a body that it cannot read.
#[derive(Debug, Serialize, Deserialize)]
pub struct Refusal {
    /// What is wrong.
    pub message: String,
    /// Which column or part.
    pub at: Option<String>,
    /// What to do instead.
    pub hint: Option<String>,
}

/// A body in a file without a name, which is gone when it is closed.
pub(super) struct Spooled {
    file: File,
    hash: [u8; 32],
}

impl Spooled {
    /// Puts a body aside, because it is read from its end (Parquet), or so
    /// that a slow sender keeps no decoder.
    pub(super) fn read(mut input: Input, limit_bytes: u64) -> Result<Self> {
        let mut file = tempfile::tempfile().map_err(no_room)?;
        let mut buffer = vec![0; 256 << 10];
        let mut bytes = 0;
        loop {
            let read = input.read(&mut buffer).map_err(unreadable)?;
            if read == 0 {
                break;
            }
            bytes += read as u64;
            if bytes > limit_bytes {
                return Err(over("is", limit_bytes));
            }
            std::io::Write::write_all(&mut file, &buffer[..read]).map_err(no_room)?;
        }
        file.seek(SeekFrom::Start(0)).map_err(no_room)?;
        let hash = input.hash();
        Ok(Self { file, hash })
    }
}

/// The points of a body that a child decodes.
pub(super) struct Decoded {
    child: Child,
    lines: NdJson<BufReader<ChildStdout>>,
    hash: [u8; 32],
    format: Format,
    ended: bool,
    /// Bytes of points that may still come.
    left_bytes: u64,
    limit_bytes: u64,
    _turn: Turn,
}

impl Decoded {
    /// Starts a child on a body.
    pub(super) fn start(of: ToDecode) -> Result<Self> {
        let ToDecode {
            program,
            format,
            body,
            limit_bytes,
            turn,
        } = of;
        let mut child = Command::new(&program.path)
            .args(&program.arguments)
            .arg(format.name())
            .env_clear()
            .envs(program.environment.iter().map(|(k, v)| (k, v)))
            .current_dir("/")
            .stdin(Stdio::from(body.file))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(Error::internal)?;
        let Some(stdout) = child.stdout.take() else {
            return Err(Error::internal("a child without its output"));
        };
        Ok(Self {
            child,
            lines: NdJson::new(BufReader::with_capacity(64 << 10, stdout)),
            hash: body.hash,
            format,
            ended: false,
            left_bytes: limit_bytes,
            limit_bytes,
            _turn: turn,
        })
    }

    /// The next point. A body counts as read when the child says so.
    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>> {
        if !self.ended && self.lines.advance()? {
            let line = self.lines.current()?;
            let bytes = line.text.len() as u64;
            self.left_bytes = match self.left_bytes.checked_sub(bytes) {
                Some(left) => left,
                None => return Err(over("decodes to", self.limit_bytes)),
            };
            return Ok(Some(line));
        }
        self.ended = true;
        self.finish().map(|()| None)
    }

    pub(super) fn hash(&self) -> [u8; 32] {
        self.hash
    }

    fn finish(&mut self) -> Result<()> {
        let mut said = Vec::new();
        if let Some(stderr) = self.child.stderr.take() {
            let mut stderr = stderr.take(SAID_BYTES);
            stderr.read_to_end(&mut said).map_err(Error::internal)?;
            // What is beyond is of no use, but the child must get rid of it.
            let _ = copy(&mut stderr.into_inner(), &mut std::io::sink());
        }
        let status = self.child.wait().map_err(Error::internal)?;
        let name = self.format.title();
        match status.code() {
            Some(0) => Ok(()),
            Some(code) if code == i32::from(columnar::REFUSED) => {
                let refusal: Refusal = serde_json::from_slice(&said).map_err(Error::internal)?;
                Err(Error::Invalid {
                    message: refusal.message,
                    at: refusal.at,
                    location: None,
                    hint: refusal.hint,
                })
            }
            Some(_) => {
                tracing::warn!(said = ?String::from_utf8_lossy(&said), "a decoder failed");
                Err(Error::Invalid {
                    message: format!("the body cannot be decoded as {name}"),
                    at: Some("body".into()),
                    location: None,
                    hint: Some("write it anew with a current library".into()),
                })
            }
            None => {
                tracing::warn!(%status, "a decoder was ended");
                Err(Error::TooLarge {
                    message: format!(
                        "the body takes more memory or time to decode as {name} than a body is given"
                    ),
                    hint: "write it with smaller pages, row groups or batches, or split it".into(),
                })
            }
        }
    }
}

impl Drop for Decoded {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn no_room(error: std::io::Error) -> Error {
    tracing::warn!(%error, "a body cannot be put aside");
    Error::Unavailable {
        message: "there is no room to put the body aside; nothing was kept".into(),
        retry_after: crate::metadata::RETRY_AFTER,
    }
}
