//! What is printed: for people, or as JSON.

use serde_json::{Map, Value, json};
use topic_contracts::{Change, Plan, Refusal, Step};

use crate::apply::Applied;
use crate::cluster::NewTopics;
use crate::declared::Declared;
use crate::settle::Settled;

/// The plan for a person, with a line for each thing.
pub(crate) fn text(plan: &Plan, declared: &Declared, new: NewTopics) -> String {
    let mut lines: Vec<String> = Vec::new();
    for change in &plan.changes {
        lines.push(change.to_string());
        lines.extend(renamed(&change.topic, declared));
        if let Step::Create { .. } = change.step {
            lines.extend(of_environment(new));
        }
    }
    for refusal in &plan.refusals {
        lines.push(refusal.to_string());
        lines.extend(renamed(&refusal.topic, declared));
    }
    let left = |left: &Refusal| format!("{}: not set: {}: {}", left.topic, left.asked, left.reason);
    lines.extend(plan.unsettable.iter().map(left));
    if !plan.undeclared.is_empty() {
        lines.push(format!("without a contract, left alone: {}", plan.undeclared.join(", ")));
    }
    lines.push(summary(plan, declared));
    lines.join("\n")
}

fn renamed(topic: &str, declared: &Declared) -> Option<String> {
    let name = declared.declared(topic).filter(|name| name != topic)?;
    Some(format!("  declared as {name}"))
}

fn of_environment(new: NewTopics) -> Option<String> {
    let factor = new.replication_factor.map(|factor| format!("replication factor {factor}"));
    let in_sync = new.min_insync_replicas.map(|count| format!("min.insync.replicas={count}"));
    let given: Vec<_> = factor.into_iter().chain(in_sync).collect();
    (!given.is_empty()).then(|| format!("  with {} of this environment", given.join(", ")))
}

fn summary(plan: &Plan, declared: &Declared) -> String {
    match (plan.changes.len(), plan.refusals.len()) {
        (0, 0) => format!("{} topics: the cluster has what their contracts say", declared.in_cluster().len()),
        (changes, 0) => counted(changes, "change"),
        (0, refusals) => format!("{}: a person decides first", counted(refusals, "refusal")),
        (changes, refusals) => {
            let (changes, refusals) = (counted(changes, "change"), counted(refusals, "refusal"));
            format!("{changes} and {refusals}: nothing is changed while anything is refused")
        }
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// What became of the plan, for a person.
pub(crate) fn outcome(applied: &Applied, settled: Option<&Settled>) -> String {
    let mut lines = vec![format!("{} done", counted(applied.done.len(), "topic"))];
    lines.extend(applied.failed.iter().map(|failed| format!("failed: {}", failed.error)));
    if !applied.not_begun.is_empty() {
        lines.push(format!("not begun: {}", applied.not_begun.join(", ")));
    }
    match settled {
        Some(Settled::Shown(left)) if left.is_empty() => {
            lines.push("the cluster has what the contracts say".to_owned());
        }
        Some(Settled::Shown(left)) => {
            lines.push("planned again, this is left:".to_owned());
            lines.extend(left.changes.iter().map(ToString::to_string));
            lines.extend(left.refusals.iter().map(ToString::to_string));
        }
        Some(Settled::NotShown(left)) => {
            lines.push("the cluster accepted the changes and does not show them yet; plan again later:".to_owned());
            lines.extend(left.changes.iter().map(ToString::to_string));
        }
        Some(Settled::Unknown(error)) => lines.push(format!("it cannot be verified: {error}")),
        None => lines.push("it was not verified: plan again".to_owned()),
    }
    lines.join("\n")
}

/// Everything as one JSON document.
pub(crate) fn document(
    plan: &Plan,
    declared: &Declared,
    new: NewTopics,
    applied: Option<(&Applied, Option<&Settled>)>,
) -> Value {
    let applied = applied.map(|(applied, settled)| {
        let failed: Vec<_> =
            applied.failed.iter().map(|it| json!({"topic": it.topic, "error": it.error.to_string()})).collect();
        let (shown, left) = match settled {
            Some(Settled::Shown(left)) => (true, Some(left)),
            Some(Settled::NotShown(left)) => (false, Some(left)),
            Some(Settled::Unknown(_)) | None => (false, None),
        };
        let left = left.map(|left| plan_json(left, declared, new));
        json!({"done": applied.done, "failed": failed, "not_begun": applied.not_begun, "shown": shown, "left": left})
    });
    json!({"plan": plan_json(plan, declared, new), "applied": applied})
}

fn plan_json(plan: &Plan, declared: &Declared, new: NewTopics) -> Value {
    let of_topic = |topic: &str, rest: Value| {
        let mut object = Map::from_iter([
            ("topic".to_owned(), json!(topic)),
            ("declared".to_owned(), json!(declared.declared(topic))),
        ]);
        object.extend(rest.as_object().cloned().unwrap_or_default());
        Value::Object(object)
    };
    let refusal = |it: &Refusal| of_topic(&it.topic, json!({"asked": it.asked, "reason": it.reason}));
    let change = |it: &Change| of_topic(&it.topic, step_json(&it.step, new));
    json!({
        "changes": plan.changes.iter().map(change).collect::<Vec<_>>(),
        "refusals": plan.refusals.iter().map(refusal).collect::<Vec<_>>(),
        "unsettable": plan.unsettable.iter().map(refusal).collect::<Vec<_>>(),
        "undeclared": plan.undeclared,
    })
}

fn step_json(step: &Step, new: NewTopics) -> Value {
    match step {
        Step::Create { partitions, config } => {
            let config: Map<String, Value> =
                config.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
            json!({"action": "create", "partitions": partitions, "config": config,
                "replication_factor": new.replication_factor, "min_insync_replicas": new.min_insync_replicas})
        }
        Step::Set { key, from, to, warning } => {
            json!({"action": "set", "key": key, "from": from, "to": to, "warning": warning})
        }
        Step::AddPartitions { from, to, warning } => {
            json!({"action": "add_partitions", "from": from, "to": to, "warning": warning})
        }
    }
}
