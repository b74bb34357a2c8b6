//! What a demonstration found, in print, and whether it is what the recording implies.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::time::Duration;

use serde_json::Value;

use crate::aws::Mail;
use crate::bad_batch::{BadRecord, Fate};
use crate::demo::{Findings, Pass};
use crate::expectation::comparable;
use crate::metrics::STAGES;

/// More lines than this of one kind are summed up.
const LISTED: usize = 60;

/// A stage of the demonstration and how long it took.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    pub(crate) name: &'static str,
    pub(crate) took: Duration,
}

/// The findings and what follows from them.
pub(crate) struct Report<'a> {
    findings: &'a Findings,
    checks: Vec<Check>,
}

struct Check {
    claim: String,
    /// What was found instead, where it does not hold.
    problem: Option<String>,
}

impl<'a> Report<'a> {
    pub(crate) fn of(findings: &'a Findings) -> Self {
        Report { findings, checks: checks(findings) }
    }

    pub(crate) fn all_as_expected(&self) -> bool {
        self.checks.iter().all(|check| check.problem.is_none())
    }

    pub(crate) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let Findings { first, second, bad, bad_batch, stages, folder, log, .. } = self.findings;
        let passes = [first, second, bad];
        writeln!(out, "\nMails, by recipient (HTML in {})", folder.join("mails").display())?;
        let recipients = recipients(passes.iter().flat_map(|pass| &pass.mails));
        print_counts(out, &recipients, "more recipients, with one mail or more each")?;

        writeln!(out, "\nSkipped on purpose, by reason (first pass)")?;
        print_counts(out, &first.outcomes.skipped, "more reasons")?;
        writeln!(out, "\nDuplicates refused")?;
        for (name, pass) in [("first pass", first), ("second pass", second), ("bad batch", bad)] {
            writeln!(out, "  {:>6}  {name}", pass.outcomes.duplicate)?;
        }

        writeln!(out, "\nDead letters")?;
        let letters: Vec<_> = first.dead_letters.iter().chain(&bad.dead_letters).collect();
        if letters.len() > LISTED {
            let codes = letters.iter().map(|letter| code(letter).to_owned());
            print_counts(out, &count(codes), "more codes")?;
        } else {
            for letter in &letters {
                let (topic, partition, offset) = place(letter);
                let what = bad_batch.iter().find(|bad| is_at(letter, bad)).map_or("", |bad| bad.what);
                writeln!(out, "  {:<24} {topic} {partition}@{offset}  {what}", code(letter))?;
            }
        }
        if letters.is_empty() {
            writeln!(out, "  none")?;
        }
        if !second.dead_letters.is_empty() {
            writeln!(
                out,
                "  {:>6}  of them stored again in the second pass, under the same ids",
                second.dead_letters.len()
            )?;
        }

        writeln!(out, "\nUnfinished records, given up after retries")?;
        let unfinished: Vec<_> = passes.iter().flat_map(|pass| &pass.delivery.gave_up).collect();
        for (lane, offset) in unfinished.iter().take(LISTED) {
            writeln!(out, "  {lane}@{offset}")?;
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
            writeln!(out, "  {} invocations failed in all; the function's log is {}", failures.len(), log.display())?;
        }

        writeln!(out, "\nTimings")?;
        for stage in stages {
            writeln!(out, "  {:>7.2} s  {}", stage.took.as_secs_f64(), stage.name)?;
        }
        for (name, pass) in [("first pass", first), ("second pass", second)] {
            let (records, invocations) = (pass.delivery.records, pass.delivery.invocations);
            let busy = pass.outcomes.busy_ms / 1e3;
            writeln!(
                out,
                "  {busy:>7.2} s  in the function in the {name}: {records} records, {invocations} invocations"
            )?;
            for (stage, spent) in STAGES.iter().zip(pass.outcomes.stages_ms) {
                writeln!(out, "  {:>9.4}    {stage}, summed over records that ran side by side", spent / 1e3)?;
            }
        }

        writeln!(out, "\nAs the recording implies?")?;
        for check in &self.checks {
            match &check.problem {
                None => writeln!(out, "  yes  {}", check.claim)?,
                Some(problem) => writeln!(out, "  NO   {}\n         {problem}", check.claim)?,
            }
        }
        out.flush()
    }
}

fn checks(findings: &Findings) -> Vec<Check> {
    let Findings { expected, first, second, bad, bad_batch, .. } = findings;
    let mailed = recipients(&first.mails);
    let codes = |pass: &Pass| count(pass.dead_letters.iter().map(|letter| code(letter).to_owned()));
    let settled = first.outcomes.done + first.outcomes.duplicate + first.outcomes.parked.values().sum::<usize>();
    let resettled = second.outcomes.duplicate + second.outcomes.parked.values().sum::<usize>();
    let mut checks = vec![
        same(
            format!("each of {} inserted accounts got exactly one mail, and nobody else did", expected.mail_count()),
            &expected.mails,
            &mailed,
        ),
        same("the function counted as many mails".to_owned(), &expected.mail_count(), &first.outcomes.done),
        same(
            "inserts of an account that has its mail were refused".to_owned(),
            &expected.duplicates,
            &first.outcomes.duplicate,
        ),
        same("everything else was skipped, each for its reason".to_owned(), &expected.skipped, &first.outcomes.skipped),
        same("accounts without a usable address are dead letters".to_owned(), &expected.parked, &codes(first)),
        same("the second pass sent nothing".to_owned(), &(0, 0), &(second.mails.len(), second.outcomes.done)),
        same("the second pass settled every insert again, without effect".to_owned(), &settled, &resettled),
        same(
            "the second pass stored no dead letter but those of the first again".to_owned(),
            &BTreeSet::new(),
            &ids(second).difference(&ids(first)).cloned().collect(),
        ),
        same("the second pass skipped the same records".to_owned(), &expected.skipped, &second.outcomes.skipped),
        same(
            "no record was left unfinished".to_owned(),
            &0,
            &[first, second, bad].iter().map(|pass| pass.delivery.gave_up.len()).sum(),
        ),
    ];
    checks.extend(bad_batch.iter().map(|record| bad_record_check(record, bad)));
    let good = bad_batch.iter().filter(|record| record.fate != Fate::DeadLetter).count();
    checks.push(same("the bad batch sent no other mail".to_owned(), &good, &bad.mails.len()));
    checks.push(same(
        "the bad batch left no other dead letter".to_owned(),
        &(bad_batch.len() - good),
        &bad.dead_letters.len(),
    ));
    checks
}

fn bad_record_check(record: &BadRecord, pass: &Pass) -> Check {
    match record.fate {
        Fate::DeadLetter => {
            let letters = pass.dead_letters.iter().filter(|letter| is_at(letter, record)).count();
            same(format!("{}: one dead letter", record.what), &1, &letters)
        }
        Fate::Mail(address) => {
            let mails = recipients(&pass.mails).get(address).copied().unwrap_or(0);
            same(format!("{}: one mail all the same", record.what), &1, &mails)
        }
    }
}

fn same<T: PartialEq + std::fmt::Debug>(claim: String, expected: &T, found: &T) -> Check {
    let problem = (expected != found).then(|| difference(&format!("{expected:?}"), &format!("{found:?}")));
    Check { claim, problem }
}

/// Both sides, cut to what a line can bear.
fn difference(expected: &str, found: &str) -> String {
    let cut = |text: &str| match text.char_indices().nth(400) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    };
    format!("expected {}, found {}", cut(expected), cut(found))
}

fn recipients<'a>(mails: impl IntoIterator<Item = &'a Mail>) -> BTreeMap<String, usize> {
    count(mails.into_iter().flat_map(|mail| mail.to.iter().map(|to| comparable(to))))
}

fn count(names: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    names.fold(BTreeMap::new(), |mut counts, name| {
        *counts.entry(name).or_default() += 1;
        counts
    })
}

fn print_counts(out: &mut impl Write, counts: &BTreeMap<String, usize>, rest: &str) -> io::Result<()> {
    for (name, count) in counts.iter().take(LISTED) {
        writeln!(out, "  {count:>6}  {name}")?;
    }
    match counts.len().saturating_sub(LISTED) {
        0 if counts.is_empty() => writeln!(out, "  none"),
        0 => writeln!(out, "  {:>6}  in all", counts.values().sum::<usize>()),
        more => writeln!(out, "  and {more} {rest}; {} in all", counts.values().sum::<usize>()),
    }
}

fn ids(pass: &Pass) -> BTreeSet<String> {
    pass.dead_letters.iter().map(|letter| letter["id"].to_string()).collect()
}

fn code(letter: &Value) -> &str {
    letter["error"]["code"].as_str().unwrap_or("(no code)")
}

fn place(letter: &Value) -> (&str, i64, i64) {
    let number = |name: &str| letter[name].as_i64().unwrap_or(-1);
    (letter["topic"].as_str().unwrap_or("(no topic)"), number("partition"), number("offset"))
}

fn is_at(letter: &Value, bad: &BadRecord) -> bool {
    place(letter) == (bad.record.topic.as_str(), i64::from(bad.record.partition), bad.record.offset)
}
