//! The report for people, or as JSON.

use std::io::{self, Write};

use jiff::Timestamp;
use redrive_core::{Entry, Fate, Progress, Report, Request};

/// Progress on standard error.
pub(crate) struct Terminal;

impl Progress for Terminal {
    fn collected(&self, messages: usize) {
        let _ = write!(io::stderr(), "\rcollecting: {messages} messages ");
    }

    fn settled(&self, number: usize, total: usize, entry: &Entry) {
        let fate = entry.fate.name();
        if entry.fate != Fate::Listed {
            let _ = writeln!(io::stderr(), "\r{number} of {total}: {} {fate}", short(&entry.id));
        }
    }
}

pub(crate) fn write_report(out: &mut impl Write, report: &Report, request: &Request, json: bool) -> io::Result<()> {
    let _ = writeln!(io::stderr());
    if json {
        serde_json::to_writer_pretty(&mut *out, report)?;
        return writeln!(out);
    }
    for entry in &report.entries {
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
        match &entry.fate {
            Fate::Listed => {}
            Fate::FailedAgain { error, .. } | Fate::NotInvoked { error } | Fate::NotRemoved { error } => {
                writeln!(out, "    {}: {error}", entry.fate.name())?;
            }
            Fate::NeedsDecision { reason } => {
                writeln!(out, "    needs a decision: {reason}")?;
                writeln!(out, "    redrive resolve {id} --repeat | --done")?;
            }
            Fate::Refused { reason } => writeln!(out, "    refused: {reason}")?,
            Fate::Waits { behind } => writeln!(out, "    waits behind {}", short(behind))?,
            Fate::Told { advice } => advice.iter().try_for_each(|line| writeln!(out, "    {line}"))?,
            Fate::WouldReplay | Fate::WouldResolve | Fate::Finished | Fate::TakenForDone | Fate::NotReached => {
                writeln!(out, "    {}", entry.fate.name().replace('_', " "))?
            }
        }
        if let Some(details) = &entry.details {
            writeln!(out, "{details:#}")?;
        }
    }
    for foreign in &report.foreign {
        writeln!(out, "message {}: {}", foreign.message_id, foreign.reason)?;
    }
    let counts = report.counts.iter().map(|(fate, count)| format!("{count} {}", fate.replace('_', " ")));
    let counts = counts.collect::<Vec<_>>().join(", ");
    writeln!(out, "{}", if counts.is_empty() { "no letters" } else { &counts })?;
    if let Some(incomplete) = &report.incomplete {
        writeln!(out, "this may not be all: {incomplete}")?;
    }
    if report.dry_run && matches!(request.action, redrive_core::Action::Replay | redrive_core::Action::Resolve) {
        writeln!(out, "a dry run; add --yes to do it")?;
    }
    Ok(())
}

/// Enough of an id to name it; of a key or message id all.
fn short(id: &str) -> &str {
    match id.get(..12) {
        Some(start) if id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) => start,
        _ => id,
    }
}
