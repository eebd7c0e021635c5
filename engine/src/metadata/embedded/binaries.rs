//! Where the installed Postgres server's binaries are. It runs nothing but
//! `postgres --version`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::EmbeddedError;

/// The oldest major version whose behaviour the metadata relies on (schema
/// `public` closed to everyone, `security_invoker` views).
const OLDEST_MAJOR: u32 = 15;

/// Where Debian and its kin put each version's binaries.
const VERSIONED_FOLDER: &str = "/usr/lib/postgresql";

/// A folder with `initdb` and `postgres`.
#[derive(Debug, Clone)]
pub(super) struct Binaries {
    folder: PathBuf,
}

impl Binaries {
    /// Finds the binaries: `TESSERA_PG_BIN`, then `PATH`, then the newest of
    /// `/usr/lib/postgresql/*/bin`. An existing cluster's major version, when
    /// given, must match.
    pub(super) fn find(cluster_major: Option<u32>) -> Result<Self, EmbeddedError> {
        let candidates = match env::var_os("TESSERA_PG_BIN") {
            Some(folder) => {
                let folder = PathBuf::from(folder);
                if !is_complete(&folder) {
                    return Err(EmbeddedError::NoBinariesIn(folder));
                }
                vec![folder]
            }
            None => on_path().into_iter().chain(versioned()).collect(),
        };
        let mut seen = Vec::new();
        for folder in candidates {
            let Some(major) = major_version(&folder) else {
                continue;
            };
            if cluster_major.map_or(major >= OLDEST_MAJOR, |wanted| wanted == major) {
                return Ok(Self { folder });
            }
            seen.push(major.to_string());
        }
        if seen.is_empty() {
            return Err(EmbeddedError::NotInstalled);
        }
        let seen = seen.join(" and ");
        Err(EmbeddedError::Version(match cluster_major {
            Some(wanted) => format!(
                "the cluster was made by PostgreSQL {wanted}, but only {seen} was found: \
                 install it (`apt-get install postgresql-{wanted}`) or set TESSERA_PG_BIN to the folder of its binaries"
            ),
            None => format!(
                "PostgreSQL {OLDEST_MAJOR} or newer is needed, but only {seen} was found: \
                 install a newer one, set TESSERA_PG_BIN to the folder of its binaries, or set DATABASE_URL to a running one"
            ),
        }))
    }

    pub(super) fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    /// This version's `psql`, or the one on `PATH`.
    pub(super) fn psql(&self) -> PathBuf {
        let own = self.folder.join("psql");
        if own.is_file() { own } else { psql_anywhere() }
    }
}

/// The `psql` that is found on `PATH` or beside the newest server.
pub(super) fn psql_anywhere() -> PathBuf {
    find_program("psql")
        .or_else(|| {
            versioned()
                .into_iter()
                .map(|f| f.join("psql"))
                .find(|p| p.is_file())
        })
        .unwrap_or_else(|| PathBuf::from("psql"))
}

/// The first file of this name on `PATH`.
pub(super) fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// The real folders of `initdb` and of `pg_config` on `PATH`; either may be a
/// symlink into a versioned folder.
fn on_path() -> Vec<PathBuf> {
    ["initdb", "pg_config"]
        .iter()
        .filter_map(|name| {
            find_program(name)?
                .canonicalize()
                .ok()?
                .parent()
                .map(Path::to_owned)
        })
        .filter(|folder| is_complete(folder))
        .collect()
}

/// Debian's versioned folders, newest first.
fn versioned() -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir(VERSIONED_FOLDER)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let major = entry.file_name().to_str()?.parse().ok()?;
            Some((major, entry.path().join("bin")))
        })
        .filter(|(_, folder)| is_complete(folder))
        .collect();
    found.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    found.into_iter().map(|(_, folder)| folder).collect()
}

fn is_complete(folder: &Path) -> bool {
    folder.join("initdb").is_file() && folder.join("postgres").is_file()
}

/// The 15 of `postgres (PostgreSQL) 15.18 (Debian …)`.
fn major_version(folder: &Path) -> Option<u32> {
    let said = Command::new(folder.join("postgres"))
        .arg("--version")
        .output()
        .ok()?;
    parse_major(&String::from_utf8_lossy(&said.stdout))
}

fn parse_major(said: &str) -> Option<u32> {
    let version = said.split("(PostgreSQL)").nth(1)?.trim_start();
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_releases_and_betas() {
        assert_eq!(
            parse_major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"),
            Some(15)
        );
        assert_eq!(parse_major("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(parse_major("something else 17"), None);
    }
}
