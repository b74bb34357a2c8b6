//! The flow from login documents to a cache: every record twice; the table keeps the newest version of each document.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use local_stack::{Nulls, RecordedLog, Stack};
use recordings::{Recording, RecordingError};
use serde_json::{Value, json};

use super::error::DemoError;
use super::passes::{Pass, Passes};
use super::report::{Check, Findings, print_counts, print_time, print_unfinished, same};
use super::setting::Setting;
use super::stages::Stages;
use crate::tables::LOGINS_TABLE;

pub(crate) const FUNCTION: &str = "cache-user-login";
/// The index that answers "last login of a user".
const BY_USER: &str = "by_user";
/// The file beside the records with the final content of the collection.
const FINAL_STATE: &str = "final_state.json";

/// Logins and the final content of the collection.
pub(crate) struct Logins<'a> {
    recording: &'a Recording,
    topic: &'a str,
    expected: BTreeMap<String, Row>,
}

/// What a row holds: user, time, address, user agent.
type Row = [Option<String>; 4];

impl<'a> Logins<'a> {
    /// The logins of a recording, if it has a topic `….users.login` and the final content of the collection beside it.
    pub(crate) fn of(recording: &'a Recording, folder: &Path) -> Result<Option<Self>, RecordingError> {
        let topic = recording.topics().into_iter().find(|topic| topic.ends_with(".users.login"));
        let path = folder.join(FINAL_STATE);
        let (Some(topic), Ok(text)) = (topic, std::fs::read_to_string(&path)) else { return Ok(None) };
        let documents: BTreeMap<String, Value> = serde_json::from_str(&text)
            .map_err(|source| RecordingError::Malformed { line: source.line(), path: path.clone(), source })?;
        let expected = documents.into_iter().map(|(id, document)| (id, expected_row(&document))).collect();
        Ok(Some(Logins { recording, topic, expected }))
    }

    /// Runs the flow.
    pub(crate) async fn show(
        &self,
        setting: &Setting<'_>,
        stages: &mut Stages,
        out: &mut (impl Write + Send),
    ) -> Result<Findings, DemoError> {
        let topic = self.topic;
        let mut passes = Passes::through(FUNCTION, setting.stack, setting.functions).await?;
        let log = || vec![RecordedLog::of_topic(self.recording, topic, Nulls::Written)];
        stages.begin(out, "logins, first pass", &format!("{topic}: every record"))?;
        let first = passes.run(log(), out).await?;
        let after_first = rows(setting.stack).await?;
        stages.begin(out, "logins, second pass", "the same records again, all of them older than the table")?;
        let second = passes.run(log(), out).await?;
        let after_second = rows(setting.stack).await?;

        let mut details = Vec::new();
        let tombstones = after_second.values().filter(|row| row.is_none()).count();
        writeln!(details, "\nThe cache")?;
        writeln!(details, "  {:>6}  logins", after_second.len() - tombstones)?;
        writeln!(
            details,
            "  {tombstones:>6}  tombstones of deleted logins, so that a late change cannot restore them"
        )?;
        if let Some(last) = last_login(setting.stack, &self.expected).await? {
            writeln!(details, "  {last}")?;
        }
        writeln!(details, "\nSkipped on purpose, by reason (first pass)")?;
        print_counts(&mut details, &first.outcomes.skipped, "more reasons")?;
        print_unfinished(&mut details, &[&first, &second])?;
        writeln!(details, "\nTimings")?;
        print_time(&mut details, "first pass", &first)?;
        let flow = format!("MongoDB {topic} → {FUNCTION} → DynamoDB, the newest version wins");
        let checks = self.checks(&first, &second, &after_first, &after_second);
        Ok(Findings { flow, details, checks })
    }

    fn checks(&self, first: &Pass, second: &Pass, after_first: &Rows, after_second: &Rows) -> Vec<Check> {
        let kept = |rows: &Rows| -> BTreeMap<String, Row> {
            rows.iter().filter_map(|(id, row)| Some((id.clone(), row.clone()?))).collect()
        };
        let given_up = first.delivery.gave_up.len() + second.delivery.gave_up.len();
        let claim = format!("the cache contains the same {} logins as the collection in the end", self.expected.len());
        vec![
            same(claim, &self.expected, &kept(after_first)),
            same(
                "the second pass changed nothing in the cache",
                &(0, after_first),
                &(second.outcomes.done, after_second),
            ),
            same("no dead letter and no unfinished record", &(0, 0), &(first.dead_letters.len(), given_up)),
        ]
    }
}

/// Rows by document; `None` is a tombstone.
type Rows = BTreeMap<String, Option<Row>>;

async fn rows(stack: &Stack) -> Result<Rows, DemoError> {
    let items = stack.aws.items(LOGINS_TABLE).await?;
    let row = |item: &Value| {
        let column = |name: &str| item[name]["S"].as_str().map(str::to_owned);
        let row = [column("user"), column("at"), column("ip"), column("user_agent")];
        (column("pk").unwrap_or_default(), item.get("deleted_at").is_none().then_some(row))
    };
    Ok(items.iter().map(row).collect())
}

fn expected_row(document: &Value) -> Row {
    let text = |name: &str| document[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let at = document["at"]["$date"].as_i64().and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    [text("userId"), at.map(|at| format!("{at:.3}")), text("ip"), text("userAgent")]
}

/// The answer of one query: when the user with the most logins came last.
async fn last_login(stack: &Stack, expected: &BTreeMap<String, Row>) -> Result<Option<String>, DemoError> {
    let mut counts = BTreeMap::new();
    for user in expected.values().filter_map(|[user, ..]| user.as_ref()) {
        *counts.entry(user).or_insert(0) += 1;
    }
    let Some((user, logins)) = counts.into_iter().max_by_key(|(_, logins)| *logins) else { return Ok(None) };
    let query = json!({
        "TableName": LOGINS_TABLE,
        "IndexName": BY_USER,
        "KeyConditionExpression": "#user = :user",
        "ExpressionAttributeNames": {"#user": "user"},
        "ExpressionAttributeValues": {":user": {"S": user}},
        "ScanIndexForward": false,
        "Limit": 1,
    });
    let answer = stack.aws.call("DynamoDB_20120810.Query", &query).await?;
    let at = answer["Items"][0]["at"]["S"].as_str().unwrap_or("never");
    Ok(Some(format!("last login of user {user}, who has {logins}: {at} (one query)")))
}
