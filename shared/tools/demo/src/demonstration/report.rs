//! The report: what each flow found, and whether its records imply it.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io::{self, Write};

use local_stack::STAGES;
use serde_json::Value;

use super::passes::Pass;

/// More lines than this of one kind are summed up.
pub(crate) const LISTED: usize = 60;

/// What one flow found.
pub(crate) struct Findings {
    /// The heading: source, function and target.
    pub(crate) flow: String,
    /// Counts and lists.
    pub(crate) details: Vec<u8>,
    /// Claims about them.
    pub(crate) checks: Vec<Check>,
}

impl Findings {
    pub(crate) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "\n== {}", self.flow)?;
        out.write_all(&self.details)?;
        writeln!(out, "\nChecks against what the records imply")?;
        for check in &self.checks {
            match &check.problem {
                None => writeln!(out, "  yes  {}", check.claim)?,
                Some(problem) => writeln!(out, "  NO   {}\n         {problem}", check.claim)?,
            }
        }
        Ok(())
    }

    pub(crate) fn as_expected(&self) -> bool {
        self.checks.iter().all(|check| check.problem.is_none())
    }
}

/// A claim about what was found.
pub(crate) struct Check {
    claim: String,
    /// What was found instead, where the claim does not hold.
    problem: Option<String>,
}

/// A claim that the found value equals the expected one.
pub(crate) fn same<T: PartialEq + Debug>(claim: impl Into<String>, expected: &T, found: &T) -> Check {
    let problem = (expected != found).then(|| difference(&format!("{expected:?}"), &format!("{found:?}")));
    Check { claim: claim.into(), problem }
}

/// Both values, cut to the length of a line.
fn difference(expected: &str, found: &str) -> String {
    let cut = |text: &str| match text.char_indices().nth(400) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    };
    format!("expected {}, found {}", cut(expected), cut(found))
}

pub(crate) fn count(names: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    names.fold(BTreeMap::new(), |mut counts, name| {
        *counts.entry(name).or_default() += 1;
        counts
    })
}

pub(crate) fn print_counts(out: &mut impl Write, counts: &BTreeMap<String, usize>, rest: &str) -> io::Result<()> {
    for (name, count) in counts.iter().take(LISTED) {
        writeln!(out, "  {count:>6}  {name}")?;
    }
    match counts.len().saturating_sub(LISTED) {
        0 if counts.is_empty() => writeln!(out, "  none"),
        0 => writeln!(out, "  {:>6}  in all", counts.values().sum::<usize>()),
        more => writeln!(out, "  and {more} {rest}; {} in all", counts.values().sum::<usize>()),
    }
}

/// Records that no retry finished, and why invocations failed.
pub(crate) fn print_unfinished(out: &mut impl Write, passes: &[&Pass]) -> io::Result<()> {
    writeln!(out, "\nRecords still unfinished after all retries")?;
    let unfinished: Vec<_> = passes.iter().flat_map(|pass| &pass.delivery.gave_up).collect();
    for (topic_partition, offset) in unfinished.iter().take(LISTED) {
        writeln!(out, "  {topic_partition}@{offset}")?;
    }
    match unfinished.len().saturating_sub(LISTED) {
        0 if unfinished.is_empty() => writeln!(out, "  none")?,
        0 => {}
        more => writeln!(out, "  and {more} more")?,
    }
    let failures: Vec<_> = passes.iter().flat_map(|pass| &pass.delivery.failures).collect();
    for failure in failures.iter().take(5) {
        writeln!(out, "  an invocation failed: {failure}")?;
    }
    if !failures.is_empty() {
        writeln!(out, "  {} invocations failed in all", failures.len())?;
    }
    Ok(())
}

/// How a pass spent its time.
pub(crate) fn print_time(out: &mut impl Write, name: &str, pass: &Pass) -> io::Result<()> {
    let (records, invocations) = (pass.delivery.records, pass.delivery.invocations);
    let busy = pass.outcomes.busy_ms / 1e3;
    writeln!(out, "  {busy:>7.2} s  in the function in the {name}: {records} records, {invocations} invocations")?;
    for (stage, spent) in STAGES.iter().zip(pass.outcomes.stages_ms) {
        writeln!(out, "  {:>9.4}    {stage}, summed over records that ran concurrently", spent / 1e3)?;
    }
    Ok(())
}

pub(crate) fn code(letter: &Value) -> &str {
    letter["error"]["code"].as_str().unwrap_or("(no code)")
}

pub(crate) fn place(letter: &Value) -> (&str, i64, i64) {
    let number = |name: &str| letter[name].as_i64().unwrap_or(-1);
    (letter["topic"].as_str().unwrap_or("(no topic)"), number("partition"), number("offset"))
}
