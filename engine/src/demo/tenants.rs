//! One demo tenant for each plan, with a year of data and a key.
//!
//! What was made is remembered in a file that only its owner can read, keys
//! included: a second start reads it and does nothing, a killed one goes on,
//! one on another database begins anew.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use storage_layout::TenantId;

use super::generator::Generator;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::metadata::keys::Scope;

/// The file in the data directory.
const FILE: &str = "demo-keys.json";
/// Plans and the points their demo tenants have.
const PLANS: [(&str, u64); 4] = [
    ("free", 5_000),
    ("starter", 20_000),
    ("pro", 100_000),
    ("enterprise", 300_000),
];
/// A year, so that seasons show.
const DAYS: u32 = 365;
/// Points of one commit.
const CHUNK_POINTS: usize = 20_000;

/// A tenant to try things with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DemoTenant {
    /// Its id, such as `demo-pro`.
    pub tenant: TenantId,
    /// The plan it is on.
    pub plan: String,
    /// How many points it was given.
    pub points: u64,
    /// A key that may send, read and export.
    pub key: String,
}

/// What the file holds.
#[derive(Debug, Serialize, Deserialize)]
struct Demo {
    /// The end of the year of data; a resumed run must use the same.
    end: DateTime<Utc>,
    state: State,
    tenants: Vec<DemoTenant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Loading,
    Complete,
}

/// Creates the demo tenants, with data up to `end`, unless they are there.
/// `progress` is told a sentence now and then. Errors: `Config` when the file
/// cannot be read or written, and whatever creating and importing fail with.
pub async fn ensure(
    engine: &Engine,
    data_dir: &Path,
    end: DateTime<Utc>,
    progress: &(dyn Fn(&str) + Send + Sync),
) -> Result<Vec<DemoTenant>> {
    ensure_plans(engine, data_dir, end, &PLANS, progress).await
}

/// As [`ensure`], with other plans and numbers of points.
pub async fn ensure_plans(
    engine: &Engine,
    data_dir: &Path,
    end: DateTime<Utc>,
    plans: &[(&str, u64)],
    progress: &(dyn Fn(&str) + Send + Sync),
) -> Result<Vec<DemoTenant>> {
    let path = data_dir.join(FILE);
    let mut demo = match read(&path)? {
        Some(demo) if is_of(engine, &demo).await? => demo,
        _ => Demo {
            end,
            state: State::Loading,
            tenants: Vec::new(),
        },
    };
    if demo.state == State::Complete {
        return Ok(demo.tenants);
    }
    for (number, &(plan, points)) in plans.iter().enumerate() {
        if demo.tenants.len() <= number {
            demo.tenants.push(create(engine, plan, points).await?);
            write(&path, &demo)?;
        }
        let tenant = &demo.tenants[number];
        progress(&format!("loading {points} points into {}", tenant.tenant));
        load(engine, tenant, demo.end, number as u64 + 1).await?;
    }
    demo.state = State::Complete;
    write(&path, &demo)?;
    Ok(demo.tenants)
}

/// Whether this engine's database knows the keys: the data directory may have
/// been used with another one before.
async fn is_of(engine: &Engine, demo: &Demo) -> Result<bool> {
    for of in &demo.tenants {
        let caller = engine.keys().authenticate(&of.key).await?;
        if caller.is_none_or(|caller| caller.tenant != of.tenant) {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn create(engine: &Engine, plan: &str, points: u64) -> Result<DemoTenant> {
    let tenant = TenantId::new(&format!("demo-{plan}")).map_err(Error::internal)?;
    match engine.tenants().create(&tenant, plan, chrono_tz::UTC).await {
        // Made by a run that was killed before it could write that down.
        Ok(_) | Err(Error::Conflict { .. }) => {}
        Err(error) => return Err(error),
    }
    let scopes = [Scope::Ingest, Scope::Read, Scope::Export];
    let key = engine.keys().create(&tenant, &scopes, None).await?;
    let key = key.secret.expose_secret().to_owned();
    Ok(DemoTenant {
        tenant,
        plan: plan.to_owned(),
        points,
        key,
    })
}

/// Imports the points chunk by chunk; those that are there are left out.
async fn load(engine: &Engine, to: &DemoTenant, end: DateTime<Utc>, seed: u64) -> Result<()> {
    let mut points = Generator::new(seed, end, DAYS, to.points);
    for number in 0_u64.. {
        let chunk = chunk_hash(&to.tenant, seed, number);
        let known = engine.ingest().has_chunk(&to.tenant, chunk).await?;
        let mut batch = engine.ingest().batch().await?;
        let mut empty = true;
        for point in points.by_ref().take(CHUNK_POINTS) {
            empty = false;
            if !known {
                point.push_to(&mut batch).map_err(|rejection| {
                    Error::internal(format!("{}: {}", rejection.field, rejection.reason))
                })?;
            }
        }
        if empty {
            return Ok(());
        }
        if !known {
            engine
                .ingest()
                .import_chunk(&to.tenant, batch, Some(chunk))
                .await?;
        }
    }
    Ok(())
}

fn chunk_hash(tenant: &TenantId, seed: u64, number: u64) -> [u8; 32] {
    Sha256::digest(format!("demo {tenant} {seed} {number}")).into()
}

fn read(path: &Path) -> Result<Option<Demo>> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(path, &error)),
    };
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|error| unusable(path, &error))
}

/// Replaces the file whole, so that a kill leaves the old or the new one.
fn write(path: &Path, demo: &Demo) -> Result<()> {
    let temporary = PathBuf::from(format!("{}.new", path.display()));
    let text = serde_json::to_vec_pretty(demo).map_err(Error::internal)?;
    let written = (|| {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        path.parent()
            .map_or(Ok(()), |directory| File::open(directory)?.sync_all())
    })();
    written.map_err(|error: std::io::Error| unusable(path, &error))
}

fn unusable(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::Config(format!(
        "the list of demo tenants {} cannot be used ({error}): make it readable and writable, or start without --demo",
        path.display()
    ))
}

/// Sizes of `tenants` tenants with `total_points` points in all, the k-th about
/// 1/k of the first.
pub fn zipf_tenants(total_points: u64, tenants: usize) -> Vec<u64> {
    let harmonic: f64 = (1..=tenants).map(|k| 1.0 / k as f64).sum();
    let (mut sum, mut before) = (0.0, 0);
    let sizes = (1..=tenants).map(|k| {
        sum += 1.0 / k as f64;
        let until = match k == tenants {
            true => total_points,
            false => (total_points as f64 * sum / harmonic).round() as u64,
        };
        let size = until.saturating_sub(before);
        before = until;
        size
    });
    sizes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_share_all_points_and_the_first_has_most() {
        let sizes = zipf_tenants(1_000_000, 100);
        assert_eq!(sizes.iter().sum::<u64>(), 1_000_000);
        assert!(sizes.windows(2).all(|pair| pair[0] + 1 >= pair[1]));
        assert!(sizes[0] > 180_000 && sizes[99] > 0, "{sizes:?}");
        assert!(zipf_tenants(10, 0).is_empty());
    }

    #[test]
    fn the_list_of_keys_is_its_owners_alone_and_reads_back() {
        use std::os::unix::fs::PermissionsExt;
        let directory = std::env::temp_dir().join(format!("demo-keys-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("a directory");
        let path = directory.join(FILE);
        assert!(read(&path).expect("no file is no error").is_none());
        let tenant = DemoTenant {
            tenant: TenantId::new("demo-pro").expect("an id"),
            plan: "pro".into(),
            points: 1,
            key: "tsk_x".into(),
        };
        let demo = Demo {
            end: DateTime::UNIX_EPOCH,
            state: State::Loading,
            tenants: vec![tenant],
        };
        write(&path, &demo).expect("written");
        let mode = fs::metadata(&path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let back = read(&path).expect("readable").expect("there");
        assert_eq!(
            (back.end, back.state, back.tenants[0].key.as_str()),
            (demo.end, demo.state, "tsk_x")
        );
        fs::remove_dir_all(&directory).expect("removed");
    }
}
