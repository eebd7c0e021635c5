//! Which files are merged: many of about one size into one of the next.
//!
//! A row is rewritten once a size, about four times until its file is
//! finished, and never again.

use std::collections::BTreeMap;

use storage_layout::Window;

use super::windows::Windows;
use crate::metadata::catalog::{DataFile, FileStorage, Snapshot};

/// Files of one size and window from which on they are merged.
pub(super) const FILES: usize = 8;

/// Files that one merge reads at most: it holds a row group of each.
const MOST_FILES: usize = 32;

/// Where one size ends and the next begins; from the last one on a file is
/// finished.
pub(super) const SIZES: [u64; 4] = [1 << 20, 4 << 20, 16 << 20, 64 << 20];

/// The most that is put into one object.
pub(super) const TARGET_BYTES: u64 = 256 << 20;

/// The next merge of a tenant's usable files: the smallest first, then the
/// oldest window. `None`: there is nothing to do.
pub(super) fn next<'a>(
    snapshot: &'a Snapshot,
    windows: &mut Windows,
    usable: impl Fn(&DataFile) -> bool,
) -> Option<(Window, Vec<&'a DataFile>)> {
    let mut groups: BTreeMap<(usize, Window), Vec<&DataFile>> = BTreeMap::new();
    for file in snapshot.files.iter().filter(|file| usable(file)) {
        let FileStorage::Object { window, .. } = &file.storage else {
            continue;
        };
        let size = SIZES.partition_point(|border| *border <= file.bytes);
        if size < SIZES.len() {
            // A narrow window's files go into a wider one, never back.
            let best = windows.containing(window.span_us().0);
            let into = if best.span_us().1 >= window.span_us().1 {
                best
            } else {
                *window
            };
            groups.entry((size, into)).or_default().push(file);
        }
    }
    let (key, files) = groups.into_iter().find(|(_, files)| files.len() >= FILES)?;
    let mut bytes = 0;
    let fits = |file: &&DataFile| {
        bytes += file.bytes;
        bytes <= TARGET_BYTES
    };
    let files = files.into_iter().take(MOST_FILES).take_while(fits);
    Some((key.1, files.collect()))
}
