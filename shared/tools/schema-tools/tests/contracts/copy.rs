//! A copy of the contracts to break, and the command that looks at it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

pub(crate) fn events() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../events")
}

/// A copy of the contracts to break.
pub(crate) struct Copy(TempDir);

impl Copy {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
        let manifests = walk(&root.join("functions")).into_iter().filter(|path| path.ends_with("function.json"));
        let parts = ["schemas", "topics"].into_iter().flat_map(|part| walk(&root.join("events").join(part)));
        let files = ["CATALOGUE.md", "asyncapi.json", "names.json"].map(|file| events().join(file));
        for entry in parts.chain(manifests).chain(files) {
            let to = folder.path().join(entry.strip_prefix(&root).unwrap());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(&entry, to).unwrap();
        }
        std::os::unix::fs::symlink(events().join("recorded"), folder.path().join("events/recorded")).unwrap();
        Self(folder)
    }

    /// A file of a subject, `../topics/…`, or `../../functions/…`.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.0.path().join("events/schemas").join(file)
    }

    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(file)).unwrap();
        assert!(text.contains(from), "{file} has no {from}");
        fs::write(self.path(file), text.replacen(from, to, 1)).unwrap();
    }

    /// Exit code, standard output and standard error.
    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let schemas = self.0.path().join("events/schemas");
        let output =
            Command::new(env!("CARGO_BIN_EXE_schemas")).args(arguments).arg("--schemas").arg(schemas).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }
}

/// The files of a folder and of those in it.
pub(crate) fn walk(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
