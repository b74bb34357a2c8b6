//! The flow from accounts to welcome mails: every record twice, then a batch of bad records.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

use local_stack::{Action, Answer, Failpoint, Mail, Nulls, RecordedLog, When};
use recordings::Recording;
use serde_json::Value;

use super::error::DemoError;
use super::passes::{Pass, Passes};
use super::report::{Check, Findings, LISTED, code, count, place, print_counts, print_time, print_unfinished, same};
use super::setting::Setting;
use super::stages::Stages;
use crate::accounts::heartbeat_topics;
use crate::bad_batch::{BadRecord, Fate, REFUSED_RECIPIENT, bad_batch};
use crate::expectation::{Expectation, comparable};

pub(crate) const FUNCTION: &str = "send-welcome-email";

/// The passes of this flow.
struct Passed {
    expected: Expectation,
    first: Pass,
    second: Pass,
    bad: Pass,
    bad_batch: Vec<BadRecord>,
}

/// Runs the flow for the accounts of a recording.
pub(crate) async fn show(
    recording: &Recording,
    accounts: &str,
    setting: &Setting<'_>,
    stages: &mut Stages,
    out: &mut (impl Write + Send),
) -> Result<Findings, DemoError> {
    let mut topics = vec![accounts];
    topics.extend(heartbeat_topics(recording));
    let records = recording.records.iter().filter(|record| topics.contains(&record.topic.as_str()));
    let expected = Expectation::of(records);
    let bad = bad_batch(recording, accounts)?;
    let mut passes = Passes::through(FUNCTION, setting.stack, setting.functions).await?;
    let logs = || topics.iter().map(|topic| RecordedLog::of_topic(recording, topic, Nulls::Written)).collect();

    stages.begin(out, "accounts, first pass", &format!("{accounts}: every record, as Lambda would deliver them"))?;
    let first = passes.run(logs(), out).await?;
    stages.begin(out, "accounts, second pass", "the same records again: no account may get a second mail")?;
    let second = passes.run(logs(), out).await?;
    stages.begin(out, "accounts, bad batch", "a batch of records that are bad, each in its own way")?;
    let refusal = Action::Answer(Answer::MESSAGE_REJECTED);
    let refused = Failpoint::new("refused", "SendEmail", When::Before, refusal).containing(REFUSED_RECIPIENT);
    setting.stack.faults.arm(refused);
    let bad_log = RecordedLog::of(bad.iter().map(|bad| bad.record.clone()));
    let after = passes.run(vec![bad_log], out).await?;

    let mails = setting.folder.join("mails");
    save_mails(&mails, first.mails.iter().chain(&second.mails).chain(&after.mails))?;
    let passed = Passed { expected, first, second, bad: after, bad_batch: bad };
    let mut details = Vec::new();
    passed.print(&mails, &mut details)?;
    let flow = format!("PostgreSQL {accounts} → {FUNCTION} → SES, once for each account");
    Ok(Findings { flow, details, checks: passed.checks() })
}

/// Writes an HTML file for each mail, named by number and recipient.
fn save_mails<'a>(folder: &Path, mails: impl Iterator<Item = &'a Mail>) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (number, mail) in mails.enumerate() {
        let recipient = mail.to.first().map_or("nobody", String::as_str);
        let safe: String =
            recipient.chars().map(|c| if c.is_alphanumeric() || "@.-_+".contains(c) { c } else { '_' }).collect();
        let content = mail.body_html.as_deref().unwrap_or(&mail.body_text);
        std::fs::write(folder.join(format!("{:04}-{safe}.html", number + 1)), content)?;
    }
    Ok(())
}

impl Passed {
    fn print(&self, mails: &Path, out: &mut Vec<u8>) -> io::Result<()> {
        let Passed { first, second, bad, bad_batch, .. } = self;
        let passes = [first, second, bad];
        writeln!(out, "\nMails, by recipient (HTML in {})", mails.display())?;
        let recipients = recipients(passes.iter().flat_map(|pass| &pass.mails));
        print_counts(out, &recipients, "more recipients")?;

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
            let again = second.dead_letters.len();
            writeln!(out, "  {again:>6}  of them stored again in the second pass, with the same ids")?;
        }
        print_unfinished(out, &passes)?;
        writeln!(out, "\nTimings")?;
        print_time(out, "first pass", first)?;
        print_time(out, "second pass", second)
    }

    fn checks(&self) -> Vec<Check> {
        let Passed { expected, first, second, bad, bad_batch } = self;
        let mailed = recipients(&first.mails);
        let codes = |pass: &Pass| count(pass.dead_letters.iter().map(|letter| code(letter).to_owned()));
        let settled =
            first.outcomes.done + first.outcomes.duplicate + first.outcomes.dead_lettered.values().sum::<usize>();
        let resettled = second.outcomes.duplicate + second.outcomes.dead_lettered.values().sum::<usize>();
        let given_up: usize = [first, second, bad].iter().map(|pass| pass.delivery.gave_up.len()).sum();
        let mut checks = vec![
            same(
                format!(
                    "each of {} inserted accounts got exactly one mail, and no other account got any",
                    expected.mail_count()
                ),
                &expected.mails,
                &mailed,
            ),
            same("the function counted as many mails", &expected.mail_count(), &first.outcomes.done),
            same(
                "repeated inserts of an account were refused as duplicates",
                &expected.duplicates,
                &first.outcomes.duplicate,
            ),
            same("all other records were skipped, each with its reason", &expected.skipped, &first.outcomes.skipped),
            same("accounts without a usable address are dead letters", &expected.dead_lettered, &codes(first)),
            same("the second pass sent nothing", &(0, 0), &(second.mails.len(), second.outcomes.done)),
            same("the second pass found every insert done or dead-lettered before", &settled, &resettled),
            same(
                "the second pass stored no new dead letter",
                &BTreeSet::new(),
                &ids(second).difference(&ids(first)).cloned().collect(),
            ),
            same("the second pass skipped the same records", &expected.skipped, &second.outcomes.skipped),
            same("no record was left unfinished", &0, &given_up),
        ];
        checks.extend(bad_batch.iter().map(|record| bad_record_check(record, bad)));
        let good = bad_batch.iter().filter(|record| record.fate != Fate::DeadLetter).count();
        checks.push(same("the bad batch sent no other mail", &good, &bad.mails.len()));
        checks.push(same(
            "the bad batch left no other dead letter",
            &(bad_batch.len() - good),
            &bad.dead_letters.len(),
        ));
        checks
    }
}

fn bad_record_check(record: &BadRecord, pass: &Pass) -> Check {
    match record.fate {
        Fate::DeadLetter => {
            let letters = pass.dead_letters.iter().filter(|letter| is_at(letter, record)).count();
            same(format!("{}: one dead letter", record.what), &1, &letters)
        }
        Fate::Mail(address) => {
            let mails = recipients(&pass.mails).get(address).copied().unwrap_or(0);
            same(format!("{}: one mail", record.what), &1, &mails)
        }
    }
}

fn recipients<'a>(mails: impl IntoIterator<Item = &'a Mail>) -> BTreeMap<String, usize> {
    count(mails.into_iter().flat_map(|mail| mail.to.iter().map(|to| comparable(to))))
}

fn ids(pass: &Pass) -> BTreeSet<String> {
    pass.dead_letters.iter().map(|letter| letter["id"].to_string()).collect()
}

fn is_at(letter: &Value, bad: &BadRecord) -> bool {
    place(letter) == (bad.record.topic.as_str(), i64::from(bad.record.partition), bad.record.offset)
}
