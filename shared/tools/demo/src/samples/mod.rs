//! The sample events of all functions, and writing them into `events/samples`.

mod accounts;
mod error;
mod logins;
mod profiles;

use std::path::PathBuf;

use local_stack::Workspace;
use recordings::Recording;
use topic_names::NamingRules;

pub use self::error::SampleError;

use crate::example::example_sample;
use crate::sample::{Sample, created_sample};
use crate::templates::{DOCUMENTS, EVENTS, ROWS};

/// The samples of each function, by its name.
///
/// # Errors
/// When a recording is missing or lacks a kind of record.
pub fn samples(workspace: &Workspace) -> Result<Vec<(&'static str, Vec<Sample>)>, SampleError> {
    let recorded = |name: &str| Recording::read(&workspace.root().join("events/recorded").join(name));
    Ok(vec![
        ("send-welcome-email", accounts::samples(&recorded("postgres-accounts")?)?),
        ("cache-user-login", logins::samples(&recorded("mongodb-logins")?)?),
        ("audit-profile-update", profiles::samples()?),
        (ROWS.name, vec![created_sample(&recorded("postgres-accounts")?, ROWS.topic)?]),
        (DOCUMENTS.name, vec![created_sample(&recorded("mongodb-logins")?, DOCUMENTS.topic)?]),
        (EVENTS.name, vec![example_sample(workspace, &EVENTS.topic.parse()?, &NamingRules::default())?]),
    ])
}

/// Writes all samples into the repository.
///
/// # Errors
/// When a recording lacks a kind of record or a folder cannot be written.
pub fn write_samples(workspace: &Workspace) -> Result<usize, SampleError> {
    let samples = samples(workspace)?;
    for (function, samples) in &samples {
        let folder = folder(workspace, function);
        std::fs::create_dir_all(&folder)?;
        for (name, content) in samples {
            std::fs::write(folder.join(name), content)?;
        }
    }
    Ok(samples.iter().map(|(_, samples)| samples.len()).sum())
}

fn folder(workspace: &Workspace, function: &str) -> PathBuf {
    workspace.root().join("events/samples").join(function)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_samples_in_the_repository_are_those_that_the_recordings_give() {
        let workspace = Workspace::find().unwrap();
        for (function, mut expected) in samples(&workspace).unwrap() {
            expected.sort();
            let mut found: Vec<_> = std::fs::read_dir(folder(&workspace, function))
                .unwrap()
                .map(|entry| entry.unwrap())
                .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap()))
                .collect();
            found.sort();
            assert_eq!(found, expected, "{function}: run `make samples`");
        }
    }
}
