//! Prints the report, as text or as JSON: each letter as soon as its outcome is known, the rest at the end. It keeps no
//! entries in memory and omits none.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use redrive_core::{Action, Entry, ForeignMessage, Omitted, Progress, RedriveOutcome, Report, Request};

/// Writes progress to standard error and the report to `out`.
pub(crate) struct Terminal<W> {
    json: bool,
    written: Mutex<Written<W>>,
}

struct Written<W> {
    out: W,
    entries: usize,
    foreign: Vec<ForeignMessage>,
    failed: Option<io::Error>,
}

impl<W: Write + Send> Terminal<W> {
    pub(crate) fn new(out: W, json: bool) -> Self {
        Terminal { json, written: Mutex::new(Written { out, entries: 0, foreign: Vec::new(), failed: None }) }
    }

    fn written(&self) -> MutexGuard<'_, Written<W>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the rest of the report when the run is over.
    ///
    /// # Errors
    /// When this or an earlier part of the report could not be written.
    pub(crate) fn finish(self, report: Report, request: &Request) -> io::Result<()> {
        let json = self.json;
        let mut written = self.written.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(failed) = written.failed {
            return Err(failed);
        }
        let _ = writeln!(io::stderr());
        if json {
            return finish_json(&mut written.out, written.entries, &written.foreign, report);
        }
        written
            .foreign
            .iter()
            .try_for_each(|foreign| writeln!(written.out, "message {}: {}", foreign.message_id, foreign.reason))?;
        summary(&mut written.out, &report, request)
    }
}

impl<W: Write + Send> Progress for Terminal<W> {
    fn collected(&self, messages: usize) {
        let _ = write!(io::stderr(), "\rcollecting: {messages} messages ");
    }

    fn settled(&self, number: usize, total: usize, entry: &Entry) {
        let outcome = entry.outcome.name();
        if entry.outcome != RedriveOutcome::Listed {
            let _ = writeln!(io::stderr(), "\r{number} of {total}: {} {outcome}", short(&entry.id));
        }
        let mut written = self.written();
        let first = written.entries == 0;
        let result = match self.json {
            true => write_json(&mut written.out, first, entry),
            false => write_entry(&mut written.out, entry),
        };
        written.entries += 1;
        if let Err(error) = result {
            written.failed.get_or_insert(error);
        }
    }

    fn foreign(&self, foreign: &ForeignMessage) {
        self.written().foreign.push(foreign.clone());
    }
}

/// Writes one entry of the array at the start of the report's JSON object, whose other fields follow.
fn write_json(out: &mut impl Write, first: bool, entry: &Entry) -> io::Result<()> {
    out.write_all(if first { b"{\"entries\":[\n" } else { b",\n" })?;
    Ok(serde_json::to_writer(out, entry)?)
}

fn finish_json(out: &mut impl Write, entries: usize, foreign: &[ForeignMessage], report: Report) -> io::Result<()> {
    out.write_all(if entries == 0 { b"{\"entries\":[" } else { b"\n" })?;
    // Every entry was written already and every foreign message is at hand, so nothing is omitted.
    let rest = Report { entries: Vec::new(), foreign: foreign.to_vec(), omitted: Omitted::default(), ..report };
    let mut rest = serde_json::to_value(rest)?;
    if let Some(fields) = rest.as_object_mut() {
        fields.remove("entries");
    }
    let rest = serde_json::to_string(&rest)?;
    writeln!(out, "],{}", rest.trim_start_matches('{'))
}

fn write_entry(out: &mut impl Write, entry: &Entry) -> io::Result<()> {
    let offset = entry.offset.map_or_else(|| "?".to_owned(), |offset| offset.to_string());
    let topic = entry.topic.as_deref().unwrap_or("?");
    let partition = entry.partition.map_or_else(|| "?".to_owned(), |partition| partition.to_string());
    let function = entry.function.as_deref().unwrap_or("?");
    let at = entry.given_up_at_ms.and_then(|at| Timestamp::from_millisecond(i64::try_from(at).ok()?).ok());
    let at = at.map_or_else(|| "?".to_owned(), |at| at.to_string());
    let uncertain = if entry.uncertain { " UNCERTAIN" } else { "" };
    let attempts = match entry.attempts {
        0 => String::new(),
        attempts => format!(" (failed redrives: {attempts})"),
    };
    let (id, code) = (short(&entry.id), &entry.code);
    writeln!(out, "{id}  {at}  {function}  {topic}[{partition}]@{offset}  {code}{uncertain}{attempts}")?;
    match &entry.outcome {
        RedriveOutcome::Listed => {}
        RedriveOutcome::FailedAgain { error, .. }
        | RedriveOutcome::Unconfirmed { error, .. }
        | RedriveOutcome::NotInvoked { error }
        | RedriveOutcome::NotRemoved { error } => writeln!(out, "    {}: {error}", entry.outcome.name())?,
        RedriveOutcome::NeedsDecision { reason } => {
            writeln!(out, "    needs a decision: {reason}")?;
            writeln!(out, "    redrive resolve {id} (--repeat | --done) --yes")?;
        }
        RedriveOutcome::Refused { reason } => writeln!(out, "    refused: {reason}")?,
        RedriveOutcome::Waits { behind } => writeln!(out, "    waits behind {}", short(behind))?,
        RedriveOutcome::Told { advice } => advice.iter().try_for_each(|line| writeln!(out, "    {line}"))?,
        RedriveOutcome::WouldReplay
        | RedriveOutcome::WouldResolve
        | RedriveOutcome::Finished
        | RedriveOutcome::TakenForDone
        | RedriveOutcome::Gone
        | RedriveOutcome::NotReached => writeln!(out, "    {}", entry.outcome.name().replace('_', " "))?,
    }
    if let Some(details) = &entry.details {
        writeln!(out, "{details:#}")?;
    }
    Ok(())
}

fn summary(out: &mut impl Write, report: &Report, request: &Request) -> io::Result<()> {
    let counts = report.counts.iter().map(|(outcome, count)| format!("{count} {}", outcome.replace('_', " ")));
    let counts = counts.collect::<Vec<_>>().join(", ");
    writeln!(out, "{}", if counts.is_empty() { "no letters" } else { &counts })?;
    if report.gone > 0 {
        writeln!(out, "messages that were gone before their turn came: {}", report.gone)?;
    }
    if let Some(incomplete) = &report.incomplete {
        writeln!(out, "the queue or bucket may hold more: {incomplete}")?;
    }
    if report.dry_run && matches!(request.action, Action::Replay | Action::Resolve) {
        writeln!(out, "this was a dry run; add --yes to carry it out")?;
    }
    Ok(())
}

/// The first characters of a letter's id, enough to name it; the whole of any other id.
fn short(id: &str) -> &str {
    match id.get(..12) {
        Some(start) if id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) => start,
        _ => id,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use redrive_core::RunStatus;
    use serde_json::{Value, json};

    use super::*;

    fn entry(id: &str) -> Entry {
        Entry {
            id: id.to_owned(),
            function: Some("welcome".to_owned()),
            topic: Some("accounts".to_owned()),
            partition: Some(0),
            offset: Some(7),
            code: "rejected".to_owned(),
            uncertain: false,
            attempts: 1,
            given_up_at_ms: Some(0),
            outcome: RedriveOutcome::Finished,
            details: None,
        }
    }

    /// The report of a long run: it holds only some of the entries.
    fn report() -> Report {
        Report {
            status: RunStatus::Complete,
            dry_run: false,
            counts: BTreeMap::from([("finished", 3)]),
            entries: vec![entry("a")],
            foreign: Vec::new(),
            omitted: Omitted { entries: 2, ..Omitted::default() },
            gone: 1,
            incomplete: None,
        }
    }

    fn printed(ids: &[&str], json: bool) -> String {
        let mut out = Vec::new();
        let terminal = Terminal::new(&mut out, json);
        for (number, id) in ids.iter().enumerate() {
            terminal.settled(number + 1, ids.len(), &entry(id));
        }
        terminal.foreign(&ForeignMessage { message_id: "m1".to_owned(), reason: "not a letter".to_owned() });
        terminal.finish(report(), &Request::new(Action::List)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn json_has_all_entries_also_those_that_the_report_omits() {
        for ids in [&["a", "b", "c"][..], &["a"], &[]] {
            let text = printed(ids, true);
            let read: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
            let printed: Vec<_> = read["entries"].as_array().unwrap().iter().map(|entry| &entry["id"]).collect();
            assert_eq!(printed, ids);
            assert_eq!((&read["ending"], &read["gone"], read.get("leftOut")), (&json!("complete"), &json!(1), None));
            assert_eq!(read["foreign"], json!([{"messageId": "m1", "reason": "not a letter"}]));
        }
    }

    #[test]
    fn as_text_each_entry_is_a_line_with_its_outcome() {
        let text = printed(&["a", "b", "c"], false);
        assert_eq!(text.lines().filter(|line| line.contains("accounts[0]@7")).count(), 3, "{text}");
        assert!(
            text.contains("3 finished")
                && text.contains("gone before their turn came: 1")
                && text.contains("message m1")
        );
    }
}
