//! The catalogue of topics: Markdown, generated from the contracts alone.

mod changes;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use topic_names::{TopicKind, TopicName};

pub use changes::{Change, changes};

use crate::contracts::{ContractError, Contracts, Key, Part, Subject, fields};
use crate::example::Examples;

/// The catalogue's file, beside the folder of schemas.
pub fn file(schemas: &Path) -> PathBuf {
    schemas.parent().unwrap_or(Path::new("..")).join("CATALOGUE.md")
}

const HEAD: &str = "\
# Topics

What each topic contains, who owns it, who reads it, and how its schema evolved. Generated from [schemas](schemas) by
`make schemas-docs`: run it after changing a schema or a manifest there.
";

/// The whole catalogue.
///
/// # Errors
/// When an example's recording cannot be read.
pub fn catalogue(contracts: &Contracts) -> Result<String, ContractError> {
    let mut topics: BTreeMap<&str, Vec<&Subject>> = BTreeMap::new();
    for subject in contracts.subjects.values() {
        topics.entry(&subject.manifest.topic).or_default().push(subject);
    }
    let mut page = Page { contracts, examples: Examples::default(), text: HEAD.to_owned() };
    page.overview(&topics);
    for (topic, subjects) in topics {
        page.topic(topic, subjects)?;
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

    fn overview(&mut self, topics: &BTreeMap<&str, Vec<&Subject>>) {
        self.line("\n| topic | content | key | owner | read by |\n|---|---|---|---|---|");
        for (topic, subjects) in topics {
            let Some(subject) = subjects.iter().find(|subject| subject.manifest.part == Part::Value) else { continue };
            let manifest = &subject.manifest;
            let readers: Vec<&str> = manifest.consumers.iter().map(|consumer| consumer.function.as_str()).collect();
            let readers = if readers.is_empty() { "no function here".to_owned() } else { readers.join(", ") };
            let key = match &manifest.key {
                Some(Key::Subject(key)) => key.clone(),
                Some(Key::Text(_)) => "text".to_owned(),
                None => String::new(),
            };
            let row = format!(
                "| [{topic}](#{}) | {} | {key} | {} | {readers} |",
                anchor(topic),
                content(topic),
                manifest.owner
            );
            self.line(row);
        }
    }

    fn topic(&mut self, topic: &str, mut subjects: Vec<&Subject>) -> Result<(), ContractError> {
        subjects.sort_by_key(|subject| subject.manifest.part == Part::Key);
        self.line(format!("\n## {topic}"));
        for subject in subjects {
            self.subject(subject)?;
        }
        Ok(())
    }

    fn subject(&mut self, subject: &Subject) -> Result<(), ContractError> {
        let manifest = &subject.manifest;
        if manifest.part == Part::Key {
            self.line("\n### Key");
        }
        self.line(format!("\n{}\n", manifest.description));
        self.line(format!("- Subject: `{}`, owned by **{}**.", subject.name, manifest.owner));
        match &manifest.key {
            Some(Key::Subject(key)) => self.line(format!("- Key: Avro, subject `{key}`, below.")),
            Some(Key::Text(meaning)) => self.line(format!("- Key: plain UTF-8 without a frame. {meaning}")),
            None => {}
        }
        for consumer in &manifest.consumers {
            self.line(format!(
                "- Read by [{0}](../functions/{0}/README.md) as `{1}`.",
                consumer.function, consumer.reader
            ));
        }
        if manifest.consumers.is_empty() {
            self.line("- Read by no function here.");
        }
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
fn content(topic: &str) -> String {
    match topic.parse::<TopicName>() {
        Ok(name) => match name.kind() {
            TopicKind::DomainEvent { domain, entity, event } => format!("events: {domain} {entity} {event}"),
            TopicKind::Change { system, container, table } => format!("changes of `{container}.{table}` in {system}"),
            TopicKind::Helper { system, .. } => format!("records that the connector of {system} writes for itself"),
        },
        // The check says what is wrong with it.
        Err(_) => String::new(),
    }
}

/// As GitHub and most others make anchors of headings.
fn anchor(heading: &str) -> String {
    heading.chars().filter(|c| c.is_alphanumeric() || *c == '-' || *c == '_').collect::<String>().to_lowercase()
}

fn cell(text: &str) -> String {
    text.replace('|', r"\|").replace('\n', " ")
}
