//! How wide a window is, by how much there is to put in it.
//!
//! A year's rows stand together while they make about one object; else each of
//! its months, else each of its days. Windows of different widths may stand
//! side by side, and in each other: a file is found by its statistics.

use std::collections::HashMap;

use storage_layout::{Window, WindowUnit};

use super::compact::TARGET_BYTES;
use crate::metadata::catalog::Snapshot;

/// The measured volume of a tenant over time.
#[derive(Debug, Clone)]
pub(super) struct Windows {
    /// Earliest and latest row of each file, and its bytes.
    files: Vec<(i64, i64, u64)>,
    now_us: i64,
    known: HashMap<Window, u64>,
}

impl Windows {
    pub(super) fn of_snapshot(snapshot: &Snapshot, now_us: i64) -> Self {
        let files = snapshot.files.iter().map(|file| {
            let rows = &file.statistics;
            (rows.min_recorded_at_us, rows.max_recorded_at_us, file.bytes)
        });
        Self {
            files: files.collect(),
            now_us,
            known: HashMap::new(),
        }
    }

    /// The window for rows of this instant.
    pub(super) fn containing(&mut self, us: i64) -> Window {
        for unit in [WindowUnit::Year, WindowUnit::Month] {
            let window = Window::containing(unit, us);
            if self.expected_bytes(window) <= TARGET_BYTES {
                return window;
            }
        }
        Window::containing(WindowUnit::Day, us)
    }

    /// The width for rows of today, for who must know one beforehand. It gets
    /// wider only when half as much would do, so that it does not go to and fro.
    pub(super) fn unit(&mut self, present: WindowUnit) -> WindowUnit {
        let width = |unit| match unit {
            WindowUnit::Day => 0,
            WindowUnit::Month => 1,
            WindowUnit::Year => 2,
        };
        let best = self.containing(self.now_us);
        let wider = width(best.unit()) > width(present);
        if wider && self.expected_bytes(best) > TARGET_BYTES / 2 {
            return present;
        }
        best.unit()
    }

    /// What lies in a window; while it is not over, at least as much as came
    /// in a time of its length before now.
    fn expected_bytes(&mut self, window: Window) -> u64 {
        if let Some(bytes) = self.known.get(&window) {
            return *bytes;
        }
        let (start, end) = window.span_us();
        let mut bytes = self.bytes(start, end);
        if end > self.now_us && start <= self.now_us {
            bytes = bytes.max(self.bytes(self.now_us.saturating_sub(end - start), self.now_us));
        }
        self.known.insert(window, bytes);
        bytes
    }

    /// Bytes of rows in `[start, end)`, a file's rows taken as evenly spread.
    fn bytes(&self, start: i64, end: i64) -> u64 {
        let part = |(min, max, bytes): &(i64, i64, u64)| {
            let from = (*min).max(start);
            let to = max.saturating_add(1).min(end);
            if from >= to {
                return 0.0;
            }
            let length = max.saturating_sub(*min).saturating_add(1);
            *bytes as f64 * (to - from) as f64 / length as f64
        };
        self.files.iter().map(part).sum::<f64>() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_US: i64 = 86_400_000_000;

    fn us(day: &str) -> i64 {
        let day: chrono::NaiveDate = day.parse().expect(day);
        day.and_time(chrono::NaiveTime::MIN)
            .and_utc()
            .timestamp_micros()
    }

    /// As much a day from one day to another.
    fn windows(from: &str, to: &str, bytes_a_day: u64) -> Windows {
        let (from, to) = (us(from), us(to));
        let days = (from..to).step_by(DAY_US as usize);
        Windows {
            files: days
                .map(|day| (day, day + DAY_US - 1, bytes_a_day))
                .collect(),
            now_us: to,
            known: HashMap::new(),
        }
    }

    #[test]
    fn a_window_is_as_wide_as_one_object_holds() {
        for (bytes_a_day, window) in [
            (1 << 10, "2024"),
            (600 << 10, "2024"),
            (2 << 20, "2024-05"),
            (100 << 20, "2024-05-17"),
        ] {
            let mut windows = windows("2023-06-01", "2024-12-30", bytes_a_day);
            let found = windows.containing(us("2024-05-17") + 5);
            assert_eq!(found.to_string(), window, "{bytes_a_day}");
        }
    }

    #[test]
    fn a_year_that_just_began_is_expected_to_be_like_the_last() {
        let mut big = windows("2023-01-01", "2024-01-02", 20 << 20);
        assert_eq!(big.containing(us("2024-01-01")).to_string(), "2024-01-01");
        assert_eq!(big.containing(us("1999-01-01")).to_string(), "1999");
    }

    #[test]
    fn a_width_does_not_go_to_and_fro() {
        let mut much = windows("2023-01-01", "2024-01-01", (200 << 20) / 365);
        assert_eq!(much.unit(WindowUnit::Month), WindowUnit::Month);
        assert_eq!(much.unit(WindowUnit::Year), WindowUnit::Year);
        let mut little = windows("2023-01-01", "2024-01-01", (100 << 20) / 365);
        assert_eq!(little.unit(WindowUnit::Month), WindowUnit::Year);
        let mut more = windows("2023-01-01", "2024-01-01", (600 << 20) / 365);
        assert_eq!(more.unit(WindowUnit::Year), WindowUnit::Month);
    }
}
