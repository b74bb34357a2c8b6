//! The catalogue of topics: Markdown, generated from the contracts alone.

mod changes;
mod contract;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use topic_contracts::{TopicContract, TopicsError};
use topic_names::{TopicKind, TopicName};

pub use changes::{Change, changes};

use crate::contracts::{ContractError, Contracts, Subject, fields};
use crate::example::Examples;

/// The catalogue's file, beside the folder of schemas.
pub fn file(schemas: &Path) -> PathBuf {
    schemas.parent().unwrap_or(Path::new("..")).join("CATALOGUE.md")
}

const HEAD: &str = "\
# Topics

What each topic contains, who owns it, who writes and reads it, how long it is kept, and how its schema evolved. Generated from
[topics](topics), [schemas](schemas) and what the functions declare by `make schemas-docs`: run it after changing a contract, a
schema or a `subject.json` there; `make manifests` does it too.
";

/// The whole catalogue.
///
/// # Errors
/// When a contract does not hold, or an example's recording cannot be read.
pub fn catalogue(contracts: &Contracts) -> Result<String, ContractError> {
    if !contracts.violations.is_empty() {
        return Err(TopicsError::Invalid(contracts.violations.clone()).into());
    }
    let mut page = Page { contracts, examples: Examples::default(), text: HEAD.to_owned() };
    page.overview();
    for (topic, contract) in &contracts.topics.contracts {
        page.topic(topic, contract)?;
    }
    Ok(page.text)
}

struct Page<'a> {
    contracts: &'a Contracts,
    examples: Examples,
    text: String,
}

impl Page<'_> {
    fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }

    fn overview(&mut self) {
        self.line("\n| topic | content | kind | key | owner | written by | read by |\n|---|---|---|---|---|---|---|");
        for (topic, contract) in &self.contracts.topics.contracts {
            let row = format!(
                "| [{topic}](#{}) | {} | {} | {} | {} | {} | {} |",
                anchor(topic.as_str()),
                content(topic),
                contract.kind.in_words(),
                contract::key_format(&contract.key),
                contract.owner,
                contract.producers.iter().map(contract::producer).collect::<Vec<_>>().join(", "),
                self.readers(topic),
            );
            self.line(row);
        }
    }

    fn readers(&self, topic: &TopicName) -> String {
        let readers = self.contracts.readers(topic.as_str());
        if readers.is_empty() { "no function here".to_owned() } else { readers.join(", ") }
    }

    fn topic(&mut self, topic: &TopicName, contract: &TopicContract) -> Result<(), ContractError> {
        self.line(format!("\n## {topic}\n\n{}\n\n| | |\n|---|---|", contract.description));
        for (name, content) in contract::rows(contract) {
            self.line(format!("| {name} | {} |", cell(&content)));
        }
        let readers = self.contracts.readers(topic.as_str()).into_iter();
        let readers: Vec<_> =
            readers.map(|function| format!("[{function}](../functions/{function}/README.md)")).collect();
        if !readers.is_empty() {
            self.line(format!("\nRead by {}.", readers.join(", ")));
        }
        for (heading, subjects) in [("Value", &contract.value.subjects), ("Key", &contract.key.subjects)] {
            for subject in subjects.iter().filter_map(|name| self.contracts.subjects.get(name)) {
                self.line(format!("\n### {heading}: `{}`\n", subject.name));
                self.subject(subject)?;
            }
        }
        Ok(())
    }

    fn subject(&mut self, subject: &Subject) -> Result<(), ContractError> {
        let manifest = &subject.manifest;
        self.line(format!("- Compatibility: `{}`. {}", manifest.compatibility, manifest.reason));
        self.fields(subject);
        self.versions(subject);
        self.example(subject)
    }

    fn fields(&mut self, subject: &Subject) {
        let Some(latest) = subject.latest() else { return };
        let link = format!("schemas/{}/v{}.avsc", subject.name, latest.number);
        self.line(format!("\nFields of [version {}]({link}):\n", latest.number));
        self.line("| field | type | default | meaning |\n|---|---|---|---|");
        for field in fields(&latest.json) {
            let default = field.default.as_deref().map(|default| format!("`{default}`")).unwrap_or_default();
            let meaning = self.contracts.meaning(subject, &field).unwrap_or_default();
            let row = format!("| `{}` | {} | {} | {} |", field.path, cell(&field.kind), cell(&default), cell(meaning));
            self.line(row);
        }
    }

    fn versions(&mut self, subject: &Subject) {
        for (old, new) in subject.versions.iter().zip(subject.versions.iter().skip(1)) {
            let link = format!("schemas/{}/v{}.avsc", subject.name, new.number);
            self.line(format!("\nFrom version {} to [version {}]({link}):\n", old.number, new.number));
            for change in changes(&old.json, &new.json) {
                self.line(format!("- {change}"));
            }
        }
    }

    fn example(&mut self, subject: &Subject) -> Result<(), ContractError> {
        if let Ok(example) = self.examples.of(self.contracts, subject)? {
            let mut json = String::new();
            // Writing to a string does not fail, and a rendered record is valid JSON.
            let _ = write!(json, "{example:#}");
            self.line(format!("\nAn example:\n\n```json\n{json}\n```"));
        }
        Ok(())
    }
}

/// The content of a topic, in a few words.
fn content(topic: &TopicName) -> String {
    match topic.kind() {
        TopicKind::DomainEvent { domain, entity, event } => format!("events: {domain} {entity} {event}"),
        TopicKind::Change { system, container, table } => format!("changes of `{container}.{table}` in {system}"),
        TopicKind::Helper { system, .. } => format!("records that the connector of {system} writes for itself"),
    }
}

/// As GitHub and most others make anchors of headings.
fn anchor(heading: &str) -> String {
    heading.chars().filter(|c| c.is_alphanumeric() || *c == '-' || *c == '_').collect::<String>().to_lowercase()
}

fn cell(text: &str) -> String {
    text.replace('|', r"\|").replace('\n', " ")
}
