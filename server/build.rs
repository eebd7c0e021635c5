//! Puts the built pages into the binary, if they were built.
//!
//! They are looked for in `pages` below the folder of compiled files, or where
//! `TESSERA_PAGES_DIR` says. Without them the server is built all the same.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=TESSERA_PAGES_DIR");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    let folder = pages_folder(&out)?;
    println!("cargo::rerun-if-changed={}", folder.display());

    let mut names = Vec::new();
    list(&folder, &folder, &mut names)?;
    names.sort();
    let mut code = String::from("/// The files of the bundle.\nconst PAGES: &[Embedded] = &[\n");
    for name in names.iter().filter(|name| !is_compressed(name)) {
        let bytes = |name: &str| format!("include_bytes!({:?})", folder.join(name));
        let other = |extension: &str| {
            let name = format!("{name}.{extension}");
            match names.contains(&name) {
                true => format!("Some({})", bytes(&name)),
                false => "None".to_owned(),
            }
        };
        writeln!(
            code,
            "Embedded {{ name: {name:?}, plain: {}, brotli: {}, gzip: {} }},",
            bytes(name),
            other("br"),
            other("gz"),
        )
        .map_err(io::Error::other)?;
    }
    code.push_str("];\n");
    fs::write(out.join("pages.rs"), code)
}

/// An empty folder is made where there is none, so that Cargo notices when the
/// pages are built.
fn pages_folder(out: &Path) -> io::Result<PathBuf> {
    if let Some(named) = env::var_os("TESSERA_PAGES_DIR") {
        return fs::canonicalize(named);
    }
    // <compiled files>/<profile>/build/<this crate>/out
    let compiled = out.ancestors().nth(4).ok_or(io::ErrorKind::NotFound)?;
    let folder = compiled.join("pages");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn list(root: &Path, folder: &Path, names: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(root, &path, names)?;
        } else if let Some(name) = path.strip_prefix(root).ok().and_then(Path::to_str) {
            names.push(name.to_owned());
        }
    }
    Ok(())
}

fn is_compressed(name: &str) -> bool {
    name.ends_with(".br") || name.ends_with(".gz")
}
