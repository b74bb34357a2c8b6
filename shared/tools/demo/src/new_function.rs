//! Makes a new function from a template: `make new-function NAME=… TOPIC=…`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use local_stack::{PackagesError, Workspace};
use recordings::{Recording, RecordingError};
use topic_contracts::{TopicsError, naming_rules};
use topic_names::{NamingRules, TopicKind, TopicName, TopicNameError};

use crate::example::{ExampleError, example_sample};
use crate::sample::{NotRecorded, Sample, created_sample};
use crate::templates::{DOCUMENTS, EVENTS, ROWS, Template};

/// The new function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFunction {
    /// The files that were written.
    pub files: Vec<PathBuf>,
    /// What to do first in its folder.
    pub first: &'static str,
    /// The name of its sample event.
    pub sample: String,
}

/// A function could not be made. Nothing was written, except for [`NewFunctionError::Format`].
#[derive(Debug, thiserror::Error)]
pub enum NewFunctionError {
    /// The name is not one for a function.
    #[error(
        "`{}` cannot be the name of a function: use lowercase words of letters and digits with hyphens between them, beginning with a letter, at most 64 characters, and best a verb first, such as index-orders",
        .0.escape_debug()
    )]
    Name(String),
    /// A package of that name exists.
    #[error("there already is a {name}, in {}: choose another NAME", folder.display())]
    Taken {
        /// The name.
        name: String,
        /// Where it is.
        folder: PathBuf,
    },
    /// The topic's name breaks the rules.
    #[error(transparent)]
    Topic(#[from] TopicNameError),
    /// The rules of names cannot be read.
    #[error(transparent)]
    Names(#[from] TopicsError),
    /// A heartbeat, for example.
    #[error(
        "{0} is what a connector writes for itself; a function reads the changes of a table or collection, `cdc.<system>.<schema or database>.<table>`, or domain events, `<domain>.<entity>.<event>`"
    )]
    Helper(TopicName),
    /// No recording to make a sample and a test from.
    #[error(
        "no recording contains {topic}, and a function is tested with recorded bytes: put a folder with schemas.json and records.jsonl, as in events/recorded/postgres-accounts, beside it; and declare the topic by its contract events/topics/{topic}.json, with its schemas in events/schemas. Recorded topics: {}",
        recorded.join(", ")
    )]
    NotRecorded {
        /// The topic.
        topic: TopicName,
        /// The topics that are recorded.
        recorded: Vec<String>,
    },
    /// A recording cannot be read.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// No example of a domain event.
    #[error(transparent)]
    Example(#[from] ExampleError),
    /// A recording without an insert.
    #[error(transparent)]
    Sample(#[from] NotRecorded),
    /// Cargo cannot say which names are taken.
    #[error(transparent)]
    Packages(#[from] PackagesError),
    /// The file system refused.
    #[error("cannot read or write {}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The function was made, but its source is not formatted.
    #[error("{0} was made but not formatted: `rustup component add rustfmt`, then `cargo fmt --package {0}`")]
    Format(String),
}

/// Makes `functions/<name>`, its sample event included, and changes nothing else.
///
/// The sample of a topic of changes is its first recorded insert (`events/recorded`), that of a topic of domain events the
/// example beside its schema (`events/schemas`). The topic's contract (`events/topics`) is only asked for by the new
/// function's test.
///
/// # Errors
/// When name or topic are not usable; nothing is written then.
pub fn new_function(workspace: &Workspace, name: &str, topic: &str) -> Result<NewFunction, NewFunctionError> {
    let name = checked_name(workspace, name)?;
    let names = naming_rules(&workspace.root().join("events"))?;
    let topic = TopicName::by(&names, topic)?;
    let (template, (sample_name, sample)) = match topic.kind() {
        TopicKind::DomainEvent { .. } => (EVENTS, example_sample(workspace, &topic, &names)?),
        TopicKind::Helper { .. } => return Err(NewFunctionError::Helper(topic)),
        TopicKind::Change { .. } => recorded_sample(workspace, &topic, &names)?,
    };

    let (from, to) = (template.name, name);
    let replacements = [
        (from.to_owned(), to.to_owned()),
        (from.replace('-', "_"), to.replace('-', "_")),
        (from.replace('-', "_").to_uppercase(), to.replace('-', "_").to_uppercase()),
        (template.topic.to_owned(), topic.to_string()),
    ];
    let fill = |text: String| replacements.iter().fold(text, |text, (from, to)| text.replace(from, to));
    let folder = workspace.root().join("shared/tools").join(template.name);
    let target = workspace.root().join("functions").join(name);
    let mut written = Vec::new();
    for path in files(&folder)? {
        let text = fs::read_to_string(&path).map_err(|source| at(&path, source))?;
        let below = path.strip_prefix(&folder).unwrap_or(&path);
        let text = if below.extension().is_some_and(|extension| extension == "md") {
            relinked(&text, &format!("shared/tools/{from}"), &format!("functions/{to}"))
        } else {
            text
        };
        written.push(write(target.join(below), &fill(text))?);
    }
    written.push(write(target.join("samples").join(&sample_name), &sample)?);
    format(workspace, name)?;
    let sample = sample_name.trim_end_matches(".json").to_owned();
    Ok(NewFunction { files: written, first: template.first, sample })
}

/// A page of the folder `from` for the folder `to`: its links out of the folder lead to the same files as before.
fn relinked(page: &str, from: &str, to: &str) -> String {
    let mut parts = page.split("](");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (link, rest) = part.split_at(part.find(')').unwrap_or(0));
        text.push_str("](");
        text.push_str(&relinked_path(link, from, to));
        text.push_str(rest);
    }
    text
}

fn relinked_path(link: &str, from: &str, to: &str) -> String {
    if !link.starts_with("../") {
        return link.to_owned();
    }
    let mut target: Vec<&str> = from.split('/').collect();
    for step in link.split('/') {
        if step == ".." {
            target.pop();
        } else {
            target.push(step);
        }
    }
    let to: Vec<&str> = to.split('/').collect();
    let common = target.iter().zip(&to).take_while(|(target, to)| target == to).count();
    let up = std::iter::repeat_n("..", to.len() - common);
    up.chain(target.into_iter().skip(common)).collect::<Vec<_>>().join("/")
}

/// Formats the new package: names of other lengths break lines elsewhere.
fn format(workspace: &Workspace, name: &str) -> Result<(), NewFunctionError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let formatted = Command::new(cargo).args(["fmt", "--package", name]).current_dir(workspace.root()).status();
    if formatted.is_ok_and(|status| status.success()) { Ok(()) } else { Err(NewFunctionError::Format(name.to_owned())) }
}

fn checked_name<'a>(workspace: &Workspace, name: &'a str) -> Result<&'a str, NewFunctionError> {
    let word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let begins_with_letter = name.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
    if !begins_with_letter || name.len() > 64 || !name.split('-').all(word) {
        return Err(NewFunctionError::Name(name.to_owned()));
    }
    if let Some(taken) = workspace.packages()?.into_iter().find(|package| package.name == name) {
        return Err(NewFunctionError::Taken { name: taken.name, folder: taken.folder });
    }
    // A folder without a manifest is not a package, and would be overwritten.
    let folder = workspace.root().join("functions").join(name);
    if folder.exists() {
        return Err(NewFunctionError::Taken { name: name.to_owned(), folder });
    }
    Ok(name)
}

/// The template for a topic of changes, and a recorded change.
fn recorded_sample(
    workspace: &Workspace,
    topic: &TopicName,
    names: &NamingRules,
) -> Result<(Template, Sample), NewFunctionError> {
    let mut recorded = Vec::new();
    let recordings = workspace.root().join("events/recorded");
    for folder in children(&recordings)?.into_iter().filter(|path| path.is_dir()) {
        let recording = Recording::read(&folder)?;
        if let Some(record) = recording.of_topic(topic.as_str()).next() {
            let documents = record.expected().value["source"]["connector"] == "mongodb";
            let template = if documents { DOCUMENTS } else { ROWS };
            return Ok((template, created_sample(&recording, topic.as_str())?));
        }
        recorded.extend(recording.records.into_iter().map(|record| record.topic));
    }
    let table = |topic: &String| {
        let topic = TopicName::by(names, topic);
        topic.is_ok_and(|topic| matches!(topic.kind(), TopicKind::Change { .. }))
    };
    recorded.retain(table);
    recorded.sort();
    recorded.dedup();
    Err(NewFunctionError::NotRecorded { topic: topic.clone(), recorded })
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
    fn the_links_of_a_page_lead_to_the_same_files_from_its_new_folder() {
        let page =
            "[a](../../../functions/a/README.md), [b](../../core/b.md#c) and [d](../../../e.md), [own](src/f.rs)";
        let moved = "[a](../a/README.md), [b](../../shared/core/b.md#c) and [d](../../e.md), [own](src/f.rs)";
        assert_eq!(relinked(page, "shared/tools/template", "functions/new"), moved);
    }

    #[test]
    fn a_function_that_cannot_be_made_is_refused_with_reason_and_remedy() {
        for name in ["", "Index-Orders", "index_orders", "-orders", "index--orders", "1st", "../x", &"x".repeat(65)] {
            assert!(refused(name, ORDERS).contains("cannot be the name of a function"), "{name}");
        }
        for name in ["send-welcome-email", "event-runtime", "template-rows", "template-events"] {
            assert!(refused(name, ORDERS).contains("choose another NAME"), "{name}");
        }
        assert!(refused("index-orders", "orders").contains("topic name"));
        let error = refused("index-orders", "user.profile.deleted");
        assert!(error.contains("events/schemas/user.profile.deleted-value") && error.contains(EVENTS.topic), "{error}");
        assert!(refused("index-orders", "cdc.mysql.transaction").contains("writes for itself"));
        let error = refused("index-orders", "cdc.mysql.shop.invoices");
        assert!(error.contains("no recording contains") && error.contains(ORDERS), "{error}");
        assert!(error.contains("contract events/topics/cdc.mysql.shop.invoices.json"), "{error}");
    }
}
