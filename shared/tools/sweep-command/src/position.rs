//! How far a sweep came, in a file.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A file cannot be used to go on from.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PositionError {
    /// Not there, not to be read or written.
    #[error("the position in {} cannot be kept", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Of something else.
    #[error("{} is no position of a sweep of this table before this epoch; name another file", path.display())]
    Another {
        /// The file.
        path: PathBuf,
    },
}

/// How far a sweep of one table came.
#[derive(Debug)]
pub(crate) struct Position {
    path: Option<PathBuf>,
    kept: Kept,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    table: String,
    before_epoch: u64,
    /// The key of the last row that was done with.
    after: Option<String>,
}

impl Position {
    /// What is in the file, where there is one.
    pub(crate) fn open(path: Option<&Path>, table: &str, before_epoch: u64) -> Result<Self, PositionError> {
        let fresh = Kept { table: table.to_owned(), before_epoch, after: None };
        let Some(path) = path else { return Ok(Position { path: None, kept: fresh }) };
        let kept = match std::fs::read(path) {
            Ok(text) => {
                let kept: Option<Kept> = serde_json::from_slice(&text).ok();
                let ours = kept.filter(|kept| (kept.table.as_str(), kept.before_epoch) == (table, before_epoch));
                ours.ok_or_else(|| PositionError::Another { path: path.to_owned() })?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => fresh,
            Err(source) => return Err(PositionError::File { path: path.to_owned(), source }),
        };
        Ok(Position { path: Some(path.to_owned()), kept })
    }

    /// The key to go on behind.
    pub(crate) fn after(&self) -> Option<&str> {
        self.kept.after.as_deref()
    }

    /// Everything up to this key is done.
    pub(crate) fn came_to(&mut self, key: String) {
        self.kept.after = Some(key);
    }

    /// Keeps how far it came, in place of what was kept before: a crash leaves the one or the other.
    pub(crate) fn keep(&self) -> Result<(), PositionError> {
        let Some(path) = &self.path else { return Ok(()) };
        let beside = path.with_extension("new");
        let text = serde_json::to_vec(&self.kept).map_err(io::Error::from);
        let kept = text.and_then(|text| std::fs::write(&beside, text)).and_then(|()| std::fs::rename(&beside, path));
        kept.map_err(|source| PositionError::File { path: path.clone(), source })
    }

    /// It came to the end: the next sweep begins anew.
    pub(crate) fn end(self) -> Result<(), PositionError> {
        let Some(path) = self.path else { return Ok(()) };
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(PositionError::File { path, source }),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_goes_on_where_it_was_kept_and_begins_anew_after_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sweep.json");
        let open = |table: &str, epoch| Position::open(Some(&path), table, epoch);
        let mut position = open("logins", 2).unwrap();
        assert_eq!(position.after(), None);
        position.came_to("a".to_owned());
        position.keep().unwrap();
        let position = open("logins", 2).unwrap();
        assert_eq!(position.after(), Some("a"));
        for (table, epoch) in [("others", 2), ("logins", 3)] {
            assert!(matches!(open(table, epoch), Err(PositionError::Another { .. })));
        }
        position.end().unwrap();
        assert_eq!(open("logins", 3).unwrap().after(), None);
    }
}
