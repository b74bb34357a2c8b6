//! How the command ends.

use kafka_connection::{ConnectionError, with_causes};
use topic_contracts::Plan;

use crate::apply::Applied;
use crate::declared::DeclaredError;
use crate::error::ClusterError;
use crate::settle::Settled;

/// The cluster has what the contracts say, or has it now.
pub(crate) const EQUAL: u8 = 0;
/// There are changes, and nothing was changed.
pub(crate) const CHANGES: u8 = 1;
/// Wrong usage; clap exits with the same code.
const USAGE: u8 = 2;
/// The plan has refusals.
pub(crate) const REFUSED: u8 = 4;
/// The cluster cannot be reached, refuses access, or has not made or not shown a change (EX_UNAVAILABLE of sysexits.h).
pub(crate) const UNAVAILABLE: u8 = 69;
/// Contracts, names or settings that cannot be used (EX_CONFIG).
const UNUSABLE: u8 = 78;
/// Ended by Ctrl-C, as shells have it.
pub(crate) const INTERRUPTED: u8 = 130;

/// Why there is no plan.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Options that contradict each other.
    Usage(String),
    /// Contracts, names or settings that cannot be used.
    Unusable(String),
    /// A cluster that does not answer, or not this client.
    Unavailable(String),
    /// Ctrl-C.
    Interrupted,
}

impl Failure {
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => USAGE,
            Self::Unusable(_) => UNUSABLE,
            Self::Unavailable(_) => UNAVAILABLE,
            Self::Interrupted => INTERRUPTED,
        }
    }

    pub(crate) fn message(&self) -> &str {
        match self {
            Self::Usage(message) | Self::Unusable(message) | Self::Unavailable(message) => message,
            Self::Interrupted => "interrupted; nothing was changed",
        }
    }
}

impl From<DeclaredError> for Failure {
    fn from(error: DeclaredError) -> Self {
        Self::Unusable(with_causes(&error))
    }
}

impl From<ConnectionError> for Failure {
    fn from(error: ConnectionError) -> Self {
        Self::Unusable(with_causes(&error))
    }
}

impl From<ClusterError> for Failure {
    fn from(error: ClusterError) -> Self {
        Self::Unavailable(with_causes(&error))
    }
}

/// The code of a plan that is not applied.
pub(crate) fn of_plan(plan: &Plan) -> u8 {
    match (plan.refusals.is_empty(), plan.changes.is_empty()) {
        (false, _) => REFUSED,
        (true, false) => CHANGES,
        (true, true) => EQUAL,
    }
}

/// The code of a plan that was applied; `settled` is nothing where nobody waited for it.
pub(crate) fn of_applied(applied: &Applied, settled: Option<&Settled>) -> u8 {
    match settled {
        _ if !applied.failed.is_empty() => UNAVAILABLE,
        _ if !applied.not_begun.is_empty() => INTERRUPTED,
        Some(Settled::Shown(left)) => of_plan(left),
        Some(Settled::NotShown(_) | Settled::Unknown(_)) => UNAVAILABLE,
        None => INTERRUPTED,
    }
}

#[cfg(test)]
mod tests {
    use topic_contracts::{Change, Refusal, Step};

    use super::*;
    use crate::apply::Failed;

    fn changes(mut plan: Plan) -> Plan {
        let step = Step::AddPartitions { from: 1, to: 2, warning: None };
        plan.changes.push(Change { topic: "a.b.c".to_owned(), step });
        plan
    }

    fn refused(mut plan: Plan) -> Plan {
        plan.refusals.push(Refusal { topic: "a.b.c".to_owned(), asked: String::new(), reason: "" });
        plan
    }

    #[test]
    fn a_plan_ends_by_what_is_in_it() {
        assert_eq!(of_plan(&Plan::default()), 0);
        assert_eq!(of_plan(&changes(Plan::default())), 1);
        assert_eq!(of_plan(&refused(Plan::default())), 4);
        assert_eq!(of_plan(&refused(changes(Plan::default()))), 4);
    }

    #[test]
    fn failures_end_by_their_kind() {
        let codes = [
            Failure::Usage(String::new()),
            Failure::Unavailable(String::new()),
            Failure::Unusable(String::new()),
            Failure::Interrupted,
        ];
        assert_eq!(codes.map(|failure| failure.code()), [2, 69, 78, 130]);
    }

    #[test]
    fn what_was_not_done_decides_how_an_application_ends() {
        let all = || Applied { done: vec!["a.b.c".to_owned()], ..Applied::default() };
        let failed = Failed { topic: "a.b.d".to_owned(), error: ClusterError::Gone { topic: "a.b.d".to_owned() } };
        let shown = |plan| Some(Settled::Shown(plan));
        assert_eq!(of_applied(&all(), shown(Plan::default()).as_ref()), 0);
        assert_eq!(of_applied(&all(), shown(changes(Plan::default())).as_ref()), 1);
        assert_eq!(of_applied(&all(), Some(&Settled::NotShown(changes(Plan::default())))), 69);
        let unknown = Settled::Unknown(ClusterError::Gone { topic: "a.b.c".to_owned() });
        assert_eq!(of_applied(&all(), Some(&unknown)), 69);
        assert_eq!(of_applied(&all(), None), 130);
        let interrupted = Applied { not_begun: vec!["a.b.e".to_owned()], ..all() };
        assert_eq!(of_applied(&interrupted, shown(Plan::default()).as_ref()), 130);
        let partly = Applied { failed: vec![failed], ..interrupted };
        assert_eq!(of_applied(&partly, shown(Plan::default()).as_ref()), 69);
    }
}
