//! The sample events of all functions, and writing them into `events/samples`.

mod accounts;
mod error;
mod logins;
mod profiles;

use std::path::PathBuf;

use local_stack::Workspace;
use recordings::Recording;
use topic_contracts::naming_rules;
use topic_names::{NamingRules, TopicKind, TopicName};

pub use self::error::SampleError;

use crate::example::example_sample;
use crate::sample::{Sample, created_sample};
use crate::templates::TEMPLATES;

/// The samples of each function and template that reads a topic, and the folder that they belong in.
///
/// # Errors
/// When a manifest cannot be used, a recording is missing or lacks a kind of record.
pub fn samples(workspace: &Workspace) -> Result<Vec<(PathBuf, Vec<Sample>)>, SampleError> {
    let names = naming_rules(&workspace.root().join("events"))?;
    let mut samples = Vec::new();
    for package in workspace.functions()? {
        let Some(manifest) = function_manifests::read(&package.folder)? else { continue };
        let Some(topic) = manifest.topic() else { continue };
        let topic = TopicName::by(&names, topic)?;
        let own = package.folder.join("samples");
        let ours = workspace.root().join("events/samples").join(&package.name);
        // A template has what a function has that is made from it.
        samples.push(if own.exists() {
            (own, vec![sample_of(workspace, &topic, &names)?])
        } else if TEMPLATES.iter().any(|template| template.name == package.name) {
            (ours, vec![sample_of(workspace, &topic, &names)?])
        } else {
            (ours, all_of(workspace, &topic, &names)?)
        });
    }
    Ok(samples)
}

/// Every kind of record that our own functions meet in a topic.
fn all_of(workspace: &Workspace, topic: &TopicName, names: &NamingRules) -> Result<Vec<Sample>, SampleError> {
    let recorded = |name: &str| Recording::read(&workspace.root().join("events/recorded").join(name));
    Ok(match topic.as_str() {
        accounts::TOPIC => accounts::samples(&recorded("postgres-accounts")?)?,
        logins::TOPIC => logins::samples(&recorded("mongodb-logins")?)?,
        profiles::TOPIC => profiles::samples()?,
        _ => vec![sample_of(workspace, topic, names)?],
    })
}

/// The sample of a function that was made from a template: the example of an event, or the first recorded insert.
fn sample_of(workspace: &Workspace, topic: &TopicName, names: &NamingRules) -> Result<Sample, SampleError> {
    if let TopicKind::DomainEvent { .. } = topic.kind() {
        return Ok(example_sample(workspace, topic, names)?);
    }
    let folder = workspace.root().join("events/recorded");
    let mut folders = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    folders.sort_by_key(std::fs::DirEntry::file_name);
    for folder in folders.into_iter().map(|folder| folder.path()).filter(|path| path.is_dir()) {
        let recording = Recording::read(&folder)?;
        if recording.of_topic(topic.as_str()).next().is_some() {
            return Ok(created_sample(&recording, topic.as_str())?);
        }
    }
    Err(SampleError::NoRecording(topic.clone()))
}

/// Writes all samples into the repository.
///
/// # Errors
/// When a recording lacks a kind of record or a folder cannot be written.
pub fn write_samples(workspace: &Workspace) -> Result<usize, SampleError> {
    let samples = samples(workspace)?;
    for (folder, samples) in &samples {
        std::fs::create_dir_all(folder)?;
        for (name, content) in samples {
            std::fs::write(folder.join(name), content)?;
        }
    }
    Ok(samples.iter().map(|(_, samples)| samples.len()).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_samples_in_the_repository_are_those_that_the_recordings_give() {
        let workspace = Workspace::find().unwrap();
        for (folder, mut expected) in samples(&workspace).unwrap() {
            expected.sort();
            let mut found: Vec<_> = std::fs::read_dir(&folder)
                .unwrap()
                .map(|entry| entry.unwrap())
                .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap()))
                .collect();
            found.sort();
            assert_eq!(found, expected, "{}: run `make samples`", folder.display());
        }
    }
}
