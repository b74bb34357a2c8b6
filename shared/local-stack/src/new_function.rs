//! A new function out of the template: `make new-function NAME=… TOPIC=…`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use topic_names::{TopicKind, TopicName, TopicNameError};

use crate::event::{Nulls, Origin};
use crate::recording::{Recording, RecordingError};
use crate::samples::{Sample, SampleError, sample};
use crate::tools::Workspace;

/// The crate that a new function is a copy of: a member of the workspace, so that it compiles and holds its tests.
const TEMPLATE: &str = "shared/function-template";
const TEMPLATE_NAME: &str = "function-template";
const TEMPLATE_TOPIC: &str = "cdc.postgres.public.accounts";

/// A function could not be made. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum NewFunctionError {
    /// The name is not one for a function.
    #[error(
        "`{}` is no name for a function: lowercase words of letters and digits with hyphens between them, beginning with a letter, at most 64 characters, and best a verb first, such as index-orders",
        .0.escape_debug()
    )]
    Name(String),
    /// There is such a function, or another crate of that name.
    #[error("there is a crate {name} already, in {}: choose another NAME", folder.display())]
    Taken {
        /// The name.
        name: String,
        /// Where it is.
        folder: PathBuf,
    },
    /// The topic's name breaks the rules.
    #[error(transparent)]
    Topic(#[from] TopicNameError),
    /// Domain events have no row and no version.
    #[error(
        "{0} is a topic of domain events, and the template reads changed rows: copy functions/audit-profile-update, whose effect is guarded by the event's id"
    )]
    DomainEvents(TopicName),
    /// Documents are text.
    #[error(
        "{0} holds documents of MongoDB, and the template reads rows: copy functions/cache-user-login, which reads documents"
    )]
    Documents(TopicName),
    /// A heartbeat, for example.
    #[error(
        "{0} is what a connector writes for itself; a function reads the changes of a table, `cdc.<system>.<schema or database>.<table>`"
    )]
    Helper(TopicName),
    /// No sample could be made, and nothing be tested.
    #[error(
        "no recording holds {topic}, and a function is tested with recorded bytes: put a folder with schemas.json and records.jsonl, as in events/recorded/postgres-accounts, beside it. Recorded are: {}",
        recorded.join(", ")
    )]
    NotRecorded {
        /// The topic.
        topic: TopicName,
        /// Topics that would do.
        recorded: Vec<String>,
    },
    /// A recording cannot be read.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// A recording without an insert.
    #[error(transparent)]
    Sample(#[from] SampleError),
    /// The file system refused.
    #[error("cannot read or write {}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Makes `functions/<name>` and its sample event. Gives the files that were written.
///
/// # Errors
/// When name or topic are not usable; nothing is written then.
pub fn new_function(workspace: &Workspace, name: &str, topic: &str) -> Result<Vec<PathBuf>, NewFunctionError> {
    let name = checked_name(workspace, name)?;
    let topic: TopicName = topic.parse()?;
    match topic.kind() {
        TopicKind::DomainEvent { .. } => return Err(NewFunctionError::DomainEvents(topic)),
        TopicKind::Helper { .. } => return Err(NewFunctionError::Helper(topic)),
        TopicKind::Change { .. } => {}
    }
    let (sample_name, sample) = recorded_sample(workspace, &topic)?;

    let replacements = [
        (TEMPLATE_NAME.to_owned(), name.to_owned()),
        (TEMPLATE_NAME.replace('-', "_"), name.replace('-', "_")),
        (TEMPLATE_NAME.replace('-', "_").to_uppercase(), name.replace('-', "_").to_uppercase()),
        (TEMPLATE_TOPIC.to_owned(), topic.to_string()),
        // In `functions/`, not beside it.
        ("](../../functions/".to_owned(), "](../".to_owned()),
    ];
    let fill = |text: String| replacements.iter().fold(text, |text, (from, to)| text.replace(from, to));
    let template = workspace.root().join(TEMPLATE);
    let target = workspace.root().join("functions").join(name);
    let mut written = Vec::new();
    for path in files(&template)? {
        let text = fill(fs::read_to_string(&path).map_err(|source| at(&path, source))?);
        let below = path.strip_prefix(&template).unwrap_or(&path);
        written.push(write(target.join(below), &text)?);
    }
    let samples = workspace.root().join("events/samples").join(name);
    written.push(write(samples.join(sample_name), &sample)?);
    Ok(written)
}

fn checked_name<'a>(workspace: &Workspace, name: &'a str) -> Result<&'a str, NewFunctionError> {
    let word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let begins_with_letter = name.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
    if !begins_with_letter || name.len() > 64 || !name.split('-').all(word) {
        return Err(NewFunctionError::Name(name.to_owned()));
    }
    for folder in ["functions", "shared", "tests"].map(|parent| workspace.root().join(parent).join(name)) {
        if folder.exists() {
            return Err(NewFunctionError::Taken { name: name.to_owned(), folder });
        }
    }
    if name == TEMPLATE_NAME {
        return Err(NewFunctionError::Taken { name: name.to_owned(), folder: workspace.root().join(TEMPLATE) });
    }
    Ok(name)
}

fn recorded_sample(workspace: &Workspace, topic: &TopicName) -> Result<Sample, NewFunctionError> {
    let mut recorded = Vec::new();
    let recordings = workspace.root().join("events/recorded");
    for folder in children(&recordings)?.into_iter().filter(|path| path.is_dir()) {
        let recording = Recording::read(&folder)?;
        if let Some(record) = recording.of_topic(topic.as_str()).next() {
            if record.expect.value["source"]["connector"] == "mongodb" {
                return Err(NewFunctionError::Documents(topic.clone()));
            }
            return Ok(created_sample(&recording, topic.as_str())?);
        }
        recorded.extend(recording.records.into_iter().map(|record| record.topic));
    }
    let table = |topic: &String| {
        let topic: Option<TopicName> = topic.parse().ok();
        topic.is_some_and(|topic| matches!(topic.kind(), TopicKind::Change { .. }))
    };
    recorded.retain(table);
    recorded.sort();
    recorded.dedup();
    Err(NewFunctionError::NotRecorded { topic: topic.clone(), recorded })
}

/// The first recorded insert of a topic.
///
/// # Errors
/// When there is none.
pub(crate) fn created_sample(recording: &Recording, topic: &str) -> Result<Sample, SampleError> {
    let created = recording.of_topic(topic).find(|record| record.expect.value["op"] == "c");
    let created = created.ok_or(SampleError::Missing("insert"))?;
    Ok(sample("created", Origin::Msk, Nulls::Written, &[created]))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, NewFunctionError> {
    let mut found = Vec::new();
    for path in children(folder)? {
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

fn children(folder: &Path) -> Result<Vec<PathBuf>, NewFunctionError> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut paths: Vec<_> =
        entries.map_err(|source| at(folder, source))?.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

fn write(path: PathBuf, text: &str) -> Result<PathBuf, NewFunctionError> {
    let folder = path.parent().unwrap_or(&path);
    fs::create_dir_all(folder).and_then(|()| fs::write(&path, text)).map_err(|source| at(&path, source))?;
    Ok(path)
}

fn at(path: &Path, source: io::Error) -> NewFunctionError {
    NewFunctionError::Io { path: path.to_path_buf(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDERS: &str = "cdc.mysql.shop.orders";

    fn refused(name: &str, topic: &str) -> String {
        new_function(&Workspace::find().unwrap(), name, topic).unwrap_err().to_string()
    }

    #[test]
    fn what_cannot_become_a_function_is_refused_with_the_reason_and_the_remedy() {
        for name in ["", "Index-Orders", "index_orders", "-orders", "index--orders", "1st", "../x", &"x".repeat(65)] {
            assert!(refused(name, ORDERS).contains("is no name for a function"), "{name}");
        }
        for name in ["send-welcome-email", "event-runtime", "function-template"] {
            assert!(refused(name, ORDERS).contains("choose another NAME"), "{name}");
        }
        assert!(refused("index-orders", "orders").contains("is no topic name"));
        assert!(refused("index-orders", "user.profile.updated").contains("functions/audit-profile-update"));
        assert!(refused("index-logins", "cdc.mongodb.users.login").contains("functions/cache-user-login"));
        assert!(refused("index-orders", "cdc.mysql.transaction").contains("writes for itself"));
        let error = refused("index-orders", "cdc.mysql.shop.invoices");
        assert!(error.contains("no recording holds") && error.contains(ORDERS), "{error}");
    }
}
