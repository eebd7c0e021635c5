//! What a benchmark prints: a table, latencies, memory; and how large it runs.

use std::time::{Duration, Instant};

/// Durations of one kind of work.
#[derive(Debug, Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    /// Adds one.
    pub(crate) fn push(&mut self, took: Duration) {
        self.0.push(took);
    }

    /// Median and 99th percentile (nearest rank) as text.
    pub(crate) fn text(&mut self) -> String {
        self.0.sort_unstable();
        format!(
            "p50 {}  p99 {}  ({} times)",
            self.at(0.50),
            self.at(0.99),
            self.0.len()
        )
    }

    fn at(&self, share: f64) -> String {
        let rank = (self.0.len() as f64 * share).ceil() as usize;
        match self.0.get(rank.max(1) - 1) {
            Some(took) => format!("{:.2} ms", took.as_secs_f64() * 1e3),
            None => "none".to_owned(),
        }
    }
}

impl std::ops::AddAssign for Latencies {
    fn add_assign(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

/// Prints one line of the table.
#[expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]
pub(crate) fn line(what: &str, result: &str) {
    println!("{what:<48} {result}");
}

/// Prints a rate.
pub(crate) fn rate(what: &str, points: u64, since: Instant, latencies: Option<&mut Latencies>) {
    let rate = points as f64 / since.elapsed().as_secs_f64();
    let latencies = latencies.map_or(String::new(), |l| format!("  {}", l.text()));
    line(what, &format!("{:>9.0} points/s{latencies}", rate));
}

/// Prints the most memory that this process has had.
pub(crate) fn peak_memory(what: &str, process: &str) {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let mib = peak.and_then(|text| text.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    line(
        what,
        &mib.map_or("unknown".to_owned(), |kib| format!("{:>9} MiB", kib / 1024)),
    );
}

/// A size from the environment.
pub(crate) fn size(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{variable}={text} is not a number")),
        Err(_) => default,
    }
}

/// A directory of this run under `/tmp` that the database's user can reach.
pub(crate) fn data_dir() -> std::io::Result<tempfile::TempDir> {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::Builder::new()
        .prefix("tessera-bench-")
        .tempdir_in("/tmp")?;
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755))?;
    Ok(dir)
}
