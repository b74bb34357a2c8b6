//! The position of a sweep, in a file.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The file of the position cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PositionError {
    /// It cannot be read or written.
    #[error("the position file {} cannot be read or written", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// It is the position of another sweep, or another file.
    #[error("{} is not the position of a sweep of this table before this epoch; name another file", path.display())]
    Another {
        /// The file.
        path: PathBuf,
    },
}

/// The position of a sweep in one table.
#[derive(Debug)]
pub(crate) struct Position {
    path: Option<PathBuf>,
    saved: Saved,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Saved {
    table: String,
    before_epoch: u64,
    /// The key of the last row that is done.
    after: Option<String>,
}

impl Position {
    /// Reads the file, if it exists.
    pub(crate) fn open(path: Option<&Path>, table: &str, before_epoch: u64) -> Result<Self, PositionError> {
        let fresh = Saved { table: table.to_owned(), before_epoch, after: None };
        let Some(path) = path else { return Ok(Position { path: None, saved: fresh }) };
        let saved = match std::fs::read(path) {
            Ok(text) => {
                let saved: Option<Saved> = serde_json::from_slice(&text).ok();
                let ours = saved.filter(|saved| (saved.table.as_str(), saved.before_epoch) == (table, before_epoch));
                ours.ok_or_else(|| PositionError::Another { path: path.to_owned() })?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => fresh,
            Err(source) => return Err(PositionError::File { path: path.to_owned(), source }),
        };
        Ok(Position { path: Some(path.to_owned()), saved })
    }

    /// The key after which the sweep goes on.
    pub(crate) fn after(&self) -> Option<&str> {
        self.saved.after.as_deref()
    }

    /// Moves the position: every row up to this key is done.
    pub(crate) fn move_to(&mut self, key: String) {
        self.saved.after = Some(key);
    }

    /// Writes the position to the file. A crash leaves the old position or the new one.
    pub(crate) fn save(&self) -> Result<(), PositionError> {
        let Some(path) = &self.path else { return Ok(()) };
        let beside = path.with_extension("new");
        let text = serde_json::to_vec(&self.saved).map_err(io::Error::from);
        let saved = text.and_then(|text| std::fs::write(&beside, text)).and_then(|()| std::fs::rename(&beside, path));
        saved.map_err(|source| PositionError::File { path: path.clone(), source })
    }

    /// Removes the file at the end of the table: the next sweep starts from the beginning.
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
    fn a_sweep_goes_on_from_its_file_and_starts_over_after_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sweep.json");
        let open = |table: &str, epoch| Position::open(Some(&path), table, epoch);
        let mut position = open("logins", 2).unwrap();
        assert_eq!(position.after(), None);
        position.move_to("a".to_owned());
        position.save().unwrap();
        let position = open("logins", 2).unwrap();
        assert_eq!(position.after(), Some("a"));
        for (table, epoch) in [("others", 2), ("logins", 3)] {
            assert!(matches!(open(table, epoch), Err(PositionError::Another { .. })));
        }
        position.end().unwrap();
        assert_eq!(open("logins", 3).unwrap().after(), None);
    }
}
