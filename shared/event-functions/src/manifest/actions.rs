//! The actions of IAM that a function takes.

use environment::{Resource, Variable};
use serde::Serialize;

/// Actions of IAM on a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActionUse {
    /// The actions: `ses:SendEmail`.
    pub actions: &'static [&'static str],
    /// The resource: a variable in braces where one names it, `identity/${EMAIL_SENDER}`. Without that variable it is not used.
    pub resource: String,
    /// The only case in which they are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
}

/// A variable has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct When {
    /// The variable.
    pub variable: &'static str,
    /// The value.
    pub is: &'static str,
}

impl ActionUse {
    /// Actions that are taken whatever the variables say.
    pub fn on(actions: &'static [&'static str], resource: impl Into<String>) -> Self {
        ActionUse { actions, resource: resource.into(), when: None }
    }

    /// Whether these are the actions that were taken, on the resource that was taken: a variable in braces stands for
    /// any text.
    #[cfg(feature = "testing")]
    pub(super) fn covers(&self, taken: &ActionUse) -> bool {
        self.actions == taken.actions && self.when == taken.when && stands_for(&self.resource, &taken.resource)
    }
}

#[cfg(feature = "testing")]
fn stands_for(declared: &str, taken: &str) -> bool {
    let Some((before, rest)) = declared.split_once("${") else { return declared == taken };
    let Some((_, after)) = rest.split_once('}') else { return declared == taken };
    let Some(taken) = taken.strip_prefix(before) else { return false };
    // A value may contain what comes after its variable: try each place.
    (0..=taken.len()).filter(|at| taken.is_char_boundary(*at)).any(|at| stands_for(after, &taken[at..]))
}

/// What reading the secrets of these variables takes: each is read from where its ARN says, if there is one.
pub(crate) fn secrets(variables: &[Variable]) -> impl Iterator<Item = ActionUse> {
    const READ: &[&str] = &["secretsmanager:GetSecretValue"];
    variables.iter().filter_map(|variable| match variable {
        Variable { resource: Some(Resource::Secret), name, .. } => Some(ActionUse::on(READ, format!("${{{name}}}"))),
        Variable { secret: true, name, .. } => Some(ActionUse::on(READ, format!("${{{name}_SECRET_ARN}}"))),
        _ => None,
    })
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;

    #[test]
    fn a_variable_in_a_resource_stands_for_any_text() {
        assert!(stands_for("identity/${SENDER}", "identity/a@b.example"));
        assert!(stands_for("${URL}", "http://127.0.0.1/queue"));
        assert!(stands_for("a/${X}/b", "a/b/b/b"));
        for (declared, taken) in [("identity/${SENDER}", "configuration-set/a"), ("*", "topic/a"), ("a/${X}/b", "a/b")]
        {
            assert!(!stands_for(declared, taken), "{declared} {taken}");
        }
    }
}
