//! Clients of live streams that see each byte: of server-sent events and of
//! WebSockets. They read when the test says so, and so can be slow.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::fixture::Server;

/// What a test waits for, at most.
const PATIENCE: Duration = Duration::from_secs(20);

/// An event of either.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) data: Value,
}

/// Why there is no further event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Closed {
    /// The body ended, or the connection.
    End,
    /// A WebSocket closed with this code.
    Code(u16),
}

/// An answer to a request that was to open a stream.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    wire: BufReader<TcpStream>,
}

/// A stream that is open.
pub(crate) struct Watcher {
    wire: BufReader<TcpStream>,
    kind: Kind,
    text: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Events,
    Socket,
}

/// Sends a GET with these headers.
pub(crate) async fn get(server: &Server, path: &str, headers: &[(&str, &str)]) -> Answer {
    let address = server.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut text = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut wire = BufReader::with_capacity(4_096, stream);
    let mut status = None;
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        let read = timeout(PATIENCE, wire.read_line(&mut line)).await;
        read.expect("an answer").unwrap();
        let line = line.trim_end();
        match (status, line.split_once(": ")) {
            (None, _) => status = Some(line.split(' ').nth(1).unwrap().parse().unwrap()),
            (_, Some((name, value))) => {
                headers.insert(name.to_ascii_lowercase(), value.to_owned());
            }
            _ => break,
        }
    }
    Answer {
        status: status.unwrap(),
        headers,
        wire,
    }
}

/// Opens a stream of server-sent events.
pub(crate) async fn events(server: &Server, path: &str, headers: &[(&str, &str)]) -> Watcher {
    let answer = get(server, path, headers).await;
    assert_eq!(answer.status, 200, "{path}");
    assert_eq!(answer.headers["content-type"], "text/event-stream");
    Watcher {
        wire: answer.wire,
        kind: Kind::Events,
        text: String::new(),
    }
}

/// Asks for a WebSocket.
pub(crate) async fn ask_socket(server: &Server, path: &str, headers: &[(&str, &str)]) -> Answer {
    let upgrade = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    get(server, path, &[&upgrade, headers].concat()).await
}

/// Opens a WebSocket.
pub(crate) async fn socket(server: &Server, path: &str, headers: &[(&str, &str)]) -> Watcher {
    let answer = ask_socket(server, path, headers).await;
    assert_eq!(answer.status, 101, "{path}");
    // RFC 6455, section 1.3, of the key above.
    let accepted = &answer.headers["sec-websocket-accept"];
    assert_eq!(accepted, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    Watcher {
        wire: answer.wire,
        kind: Kind::Socket,
        text: String::new(),
    }
}

impl Answer {
    /// The JSON of an answer that is no stream.
    pub(crate) async fn json(mut self) -> Value {
        let length: usize = self.headers["content-length"].parse().unwrap();
        let mut body = vec![0; length];
        self.wire.read_exact(&mut body).await.unwrap();
        serde_json::from_slice(&body).unwrap()
    }
}

impl Watcher {
    /// The next event, whichever it is.
    pub(crate) async fn next(&mut self) -> Result<Event, Closed> {
        let next = timeout(PATIENCE, self.read()).await;
        next.expect("an event or an end in time")
    }

    /// The next event that is not `fresh`.
    pub(crate) async fn news(&mut self) -> Event {
        loop {
            match self.next().await {
                Ok(event) if event.name == "fresh" => {}
                Ok(event) => return event,
                Err(closed) => panic!("closed: {closed:?}"),
            }
        }
    }

    /// Why the stream ended, and how it closed; news before it do not count.
    pub(crate) async fn end(&mut self) -> (Value, Closed) {
        let mut reason = json!(null);
        loop {
            match self.next().await {
                Ok(event) if event.name == "end" => reason = event.data["reason"].clone(),
                Ok(_) => {}
                Err(closed) => return (reason, closed),
            }
        }
    }

    async fn read(&mut self) -> Result<Event, Closed> {
        match self.kind {
            Kind::Events => self.event().await,
            Kind::Socket => self.message().await,
        }
    }

    async fn event(&mut self) -> Result<Event, Closed> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = parsed(event);
                self.text = rest.to_owned();
                return Ok(event);
            }
            let mut size = String::new();
            let read = self.wire.read_line(&mut size).await;
            if !matches!(read, Ok(n) if n > 0) {
                return Err(Closed::End);
            }
            let size = usize::from_str_radix(size.trim_end(), 16).unwrap();
            if size == 0 {
                return Err(Closed::End);
            }
            let mut chunk = vec![0; size + 2];
            if self.wire.read_exact(&mut chunk).await.is_err() {
                return Err(Closed::End);
            }
            self.text
                .push_str(std::str::from_utf8(&chunk[..size]).unwrap());
        }
    }

    async fn message(&mut self) -> Result<Event, Closed> {
        loop {
            let Ok(first) = self.wire.read_u8().await else {
                return Err(Closed::End);
            };
            assert_eq!(first & 0xf0, 0x80, "whole messages, nothing reserved");
            let second = self.wire.read_u8().await.unwrap();
            assert_eq!(second & 0x80, 0, "a server masks nothing");
            let length = match second {
                126 => u64::from(self.wire.read_u16().await.unwrap()),
                127 => self.wire.read_u64().await.unwrap(),
                short => u64::from(short),
            };
            let mut payload = vec![0; length as usize];
            self.wire.read_exact(&mut payload).await.unwrap();
            match first & 0x0f {
                1 => {
                    let message: Value = serde_json::from_slice(&payload).unwrap();
                    return Ok(Event {
                        name: message["event"].as_str().unwrap().to_owned(),
                        id: message["id"].as_str().unwrap_or_default().to_owned(),
                        data: message["data"].clone(),
                    });
                }
                8 => {
                    let code = u16::from_be_bytes([payload[0], payload[1]]);
                    return Err(Closed::Code(code));
                }
                9 | 10 => {}
                other => panic!("a frame of kind {other}"),
            }
        }
    }

    /// Sends a text message of so many bytes, as a client must: masked.
    pub(crate) async fn send_text(&mut self, bytes: u16) {
        let mut frame = vec![0x81, 0x80 | 126];
        frame.extend_from_slice(&bytes.to_be_bytes());
        frame.extend_from_slice(&[0; 4]);
        frame.extend(std::iter::repeat_n(b'x', usize::from(bytes)));
        let _ = self.wire.get_mut().write_all(&frame).await;
    }
}

fn parsed(text: &str) -> Event {
    let mut event = Event {
        name: String::new(),
        id: String::new(),
        data: Value::Null,
    };
    for line in text.lines() {
        match line.split_once(": ").unwrap() {
            ("event", name) => event.name = name.to_owned(),
            ("id", id) => event.id = id.to_owned(),
            ("data", data) => event.data = serde_json::from_str(data).unwrap(),
            other => panic!("{other:?}"),
        }
    }
    event
}

/// Sets the cells that changed, as a page does.
pub(crate) fn apply(answer: &mut Value, changes: &Value) {
    for change in changes.as_array().unwrap() {
        let path = change[0].as_array().unwrap();
        let (last, way) = path.split_last().unwrap();
        let at = way.iter().fold(&mut *answer, |at, step| match step {
            Value::String(key) => &mut at[key.as_str()],
            index => &mut at[index.as_u64().unwrap() as usize],
        });
        match (last.as_str(), at) {
            (Some("length"), Value::Array(array)) => {
                array.truncate(change[1].as_u64().unwrap() as usize);
            }
            (Some(key), at) => at[key] = change[1].clone(),
            (None, Value::Array(array)) => {
                let index = last.as_u64().unwrap() as usize;
                match array.get_mut(index) {
                    Some(cell) => *cell = change[1].clone(),
                    None => array.push(change[1].clone()),
                }
            }
            (None, other) => panic!("{other} has no places"),
        }
    }
}
