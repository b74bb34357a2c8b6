//! What `schemas diff` answers, as JSON for scripts.

use schema_tools::Finding;
use schema_tools::publish::{Change, Comparison, Conflict, Refusal, Refuser};
use serde_json::{Value as Json, json};

use super::failure::{BAD_CONTRACTS, NO_ANSWER, NOT_CONFIGURED, REFUSED};
use super::{BAD, Failure, OK};

/// The whole answer, with the exit code that it comes with.
pub(super) fn of(comparison: &Comparison, findings: &[Finding], code: u8) -> Json {
    json!({
        "answer": in_a_word(code),
        "exit_code": code,
        "changes": comparison.changes.iter().map(|change| self::change(change, comparison)).collect::<Vec<_>>(),
        "conflicts": comparison.conflicts.iter().map(conflict).collect::<Vec<_>>(),
        "refusals": comparison.refusals.iter().map(refusal).collect::<Vec<_>>(),
        "findings": findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

/// The answer where there is none.
pub(super) fn of_failure(failure: &Failure) -> Json {
    json!({
        "answer": in_a_word(failure.code()),
        "exit_code": failure.code(),
        "problem": failure.to_string(),
    })
}

fn in_a_word(code: u8) -> &'static str {
    match code {
        OK => "equal",
        BAD => "compatible",
        REFUSED => "refused",
        BAD_CONTRACTS => "bad_contracts",
        NO_ANSWER => "unavailable",
        NOT_CONFIGURED => "not_configured",
        _ => "failed",
    }
}

fn change(change: &Change, comparison: &Comparison) -> Json {
    match change {
        Change::Register { subject, version, .. } => {
            let refused = |refusal: &Refusal| refusal.subject == *subject && refusal.version == *version;
            let compatible = !comparison.refusals.iter().any(refused);
            json!({ "change": "register", "subject": subject, "version": version, "compatible": compatible })
        }
        Change::SetLevel { subject, present, wanted } => json!({
            "change": "set_level",
            "subject": subject,
            "from": present.map(|level| level.name()),
            "to": wanted.name(),
        }),
    }
}

fn conflict(conflict: &Conflict) -> Json {
    match conflict {
        Conflict::OtherContent { subject, version, registered, places } => json!({
            "conflict": "other_content",
            "subject": subject,
            "version": version,
            "registered": registered,
            "places": places,
        }),
        Conflict::Surplus { subject, registered } => {
            json!({ "conflict": "surplus", "subject": subject, "registered": registered })
        }
    }
}

fn refusal(Refusal { subject, version, by, reasons }: &Refusal) -> Json {
    let (by, level) = match by {
        Refuser::Contract(level) => ("contract", Some(*level)),
        Refuser::Registry(level) => ("registry", *level),
    };
    json!({
        "subject": subject,
        "version": version,
        "refused_by": by,
        "level": level.map(|level| level.name()),
        "reasons": reasons,
    })
}

fn finding(Finding { of, version, problem }: &Finding) -> Json {
    json!({ "of": of, "version": version, "problem": problem })
}
