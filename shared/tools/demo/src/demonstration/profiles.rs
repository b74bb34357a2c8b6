//! The flow from an external API to an audit log: a scheduled run publishes profile changes, and a function writes each
//! of them once, even when everything is published again.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

use local_stack::{GrowingLog, Invocation, Nulls, RecordedLog, Target, Watched};
use serde_json::{Value, json};

use super::error::DemoError;
use super::passes::Passes;
use super::report::{Findings, code, print_time, print_unfinished, same};
use super::setting::Setting;
use super::stages::Stages;
use crate::profile_feed::CHANGES;
use crate::tables::{AUDIT_TABLE, PROFILE_CURSOR_TABLE};

pub(crate) const PUBLISHER: &str = "publish-profile-updates";
pub(crate) const AUDITOR: &str = "audit-profile-update";
const TOPIC: &str = "user.profile.updated";
/// Runs the flow: publish, audit; then delete the cursor, publish everything again, audit again.
pub(crate) async fn show(
    log: &Path,
    setting: &Setting<'_>,
    stages: &mut Stages,
    out: &mut (impl Write + Send),
) -> Result<Findings, DemoError> {
    let mut passes = Passes::through(AUDITOR, setting.stack, setting.functions).await?;
    stages.begin(
        out,
        "profiles, publish",
        "the schedule fires twice: changes from an API are published as user.profile.updated",
    )?;
    let runs = [run(setting).await?, run(setting).await?];
    stages.begin(out, "profiles, audit", "the published events are written to the audit log")?;
    let first_log = read(log).await?;
    let sent_first = first_log.len();
    let first = passes.run(vec![first_log], out).await?;
    let after_first = entries(setting).await?;
    stages.begin(
        out,
        "profiles, again",
        "the cursor is deleted: everything is published again, with the same event ids",
    )?;
    let forget = json!({"TableName": PROFILE_CURSOR_TABLE, "Key": {"pk": {"S": "profile-changes"}}});
    setting.stack.aws.call("DynamoDB_20120810.DeleteItem", &forget).await?;
    let again = run(setting).await?;
    let second_log = read(log).await?;
    let sent_in_all = second_log.len();
    let second = passes.run(vec![second_log], out).await?;
    let after_second = entries(setting).await?;

    let good = usize::try_from(CHANGES - 1).unwrap_or(usize::MAX);
    let users = after_second.values().collect::<BTreeSet<_>>().len();
    let mut details = Vec::new();
    writeln!(details, "\nThe schedule's runs")?;
    for (what, run) in [("first", &runs[0]), ("second", &runs[1]), ("without the cursor", &again)] {
        writeln!(details, "  {what}: {run}")?;
    }
    writeln!(details, "\nThe audit log")?;
    writeln!(details, "  {:>6}  entries of {users} users", after_second.len())?;
    writeln!(details, "  {:>6}  events delivered, {sent_in_all} of them different records", sent_first + sent_in_all)?;
    writeln!(details, "  {:>6}  of them refused as duplicates", first.outcomes.duplicate + second.outcomes.duplicate)?;
    print_unfinished(&mut details, &[&first, &second])?;
    writeln!(details, "\nTimings")?;
    print_time(&mut details, "first pass", &first)?;
    let dead_lettered: BTreeSet<_> = first.dead_letters.iter().map(|letter| letter["id"].to_string()).collect();
    let codes: Vec<_> = first.dead_letters.iter().map(code).collect();
    let given_up = first.delivery.gave_up.len() + second.delivery.gave_up.len();
    let checks = vec![
        same(format!("{good} of {CHANGES} changes were published"), &json!(good), &runs[0]["published"]),
        same("the invalid one went to the dead letters", &(1, 1), &(dead_lettered.len(), codes.len())),
        same("the second run found nothing new", &json!(0), &runs[1]["published"]),
        same(
            "each published change is in the audit log, once",
            &(good, good),
            &(after_first.len(), first.outcomes.done),
        ),
        same("without the cursor all of them were published again", &(2 * good), &sent_in_all),
        same("the audit log did not change", &(0, &after_first), &(second.outcomes.done, &after_second)),
        same("no record was left unfinished", &0, &given_up),
    ];
    let flow = format!("REST API → {PUBLISHER} → {TOPIC} → {AUDITOR} → DynamoDB, each change once");
    Ok(Findings { flow, details, checks })
}

/// The records that the local producer wrote.
async fn read(log: &Path) -> Result<RecordedLog, DemoError> {
    let mut log = GrowingLog::of_topic(log, TOPIC, Nulls::Written);
    let records = log.poll(usize::MAX);
    match log.into_broken() {
        Some(broken) => Err(broken.into()),
        None => Ok(RecordedLog::of(records)),
    }
}

/// Fires the schedule; the run's summary, or the error of a run that failed.
async fn run(setting: &Setting<'_>) -> Result<Value, DemoError> {
    let schedule = json!({"source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": {}});
    let target = Watched::new(setting.functions.url(), PUBLISHER)?;
    let answer = match target.invoke(schedule.to_string().into()).await {
        Invocation::Answered(answer) | Invocation::Failed(answer) => answer,
        Invocation::TimedOut => "\"timed out\"".into(),
        Invocation::Crashed(how) => return Ok(Value::String(how)),
    };
    Ok(serde_json::from_slice(&answer).unwrap_or_else(|_| String::from_utf8_lossy(&answer).into()))
}

/// Users by entry of the audit log; the table also holds an item for each event id, which is not an entry.
async fn entries(setting: &Setting<'_>) -> Result<BTreeMap<String, String>, DemoError> {
    let items = setting.stack.aws.items(AUDIT_TABLE).await?;
    let text = |item: &Value, name: &str| item[name]["S"].as_str().map(str::to_owned);
    let entry = |item| Some((text(item, "event_id")?, text(item, "user_id")?));
    Ok(items.iter().filter_map(entry).collect())
}
