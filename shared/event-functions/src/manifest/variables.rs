//! The variables that a function reads.

use environment::{Necessity, Resource, Variable};
use serde::Serialize;

/// One variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeclaredVariable {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub meaning: &'static str,
    /// What it may contain.
    pub kind: String,
    /// Whether it must be set, in all cases.
    pub required: bool,
    /// When it must be set, in words, where that depends on others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required_when: Option<&'static str>,
    /// Its default, as it would be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<&'static str>,
    /// A value that it could have.
    pub example: String,
    /// Its value on a laptop, where the example of a required one, or the default, will not do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<&'static str>,
    /// Whether its value must not be shown: a deployment sets `<name>_SECRET_ARN` in its place.
    pub secret: bool,
    /// The kind of resource that fills it: `table`, `queue`, `bucket`, `secret`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<&'static str>,
}

impl From<&Variable> for DeclaredVariable {
    fn from(variable: &Variable) -> Self {
        let (required_when, default) = match variable.necessity {
            Necessity::Required | Necessity::Optional => (None, None),
            Necessity::RequiredWhen(when) => (Some(when), None),
            Necessity::Default(default) => (None, Some(default)),
        };
        DeclaredVariable {
            name: variable.name,
            meaning: variable.doc,
            kind: variable.expected.clone(),
            required: variable.necessity == Necessity::Required,
            required_when,
            default,
            example: variable.example.clone(),
            local: variable.local,
            secret: variable.secret && variable.resource != Some(Resource::Secret),
            resource: variable.resource.map(Resource::as_str),
        }
    }
}
