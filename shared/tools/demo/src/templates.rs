//! The templates: crates that new functions are copies of. Each is a member of the workspace, so it compiles and its
//! tests run.

/// A template.
#[derive(Debug)]
pub(crate) struct Template {
    /// The crate, in `shared/tools`.
    pub(crate) name: &'static str,
    /// The topic that it reads.
    pub(crate) topic: &'static str,
    /// What to do first in a copy of it.
    pub(crate) first: &'static str,
}

/// Rows of a table: the newest version of each.
pub(crate) const ROWS: Template = Template {
    name: "template-rows",
    topic: "cdc.postgres.public.accounts",
    first: "name the columns that it reads and keeps in src/main.rs",
};

/// Documents of a collection: the newest version of each.
pub(crate) const DOCUMENTS: Template = Template {
    name: "template-documents",
    topic: "cdc.mongodb.users.login",
    first: "name the fields that it reads and keeps in src/main.rs",
};

/// Domain events: each of them once.
pub(crate) const EVENTS: Template = Template {
    name: "template-events",
    topic: "user.profile.updated",
    first: "name the fields that it reads and keeps in src/main.rs",
};

/// All of them.
pub(crate) const TEMPLATES: [Template; 3] = [ROWS, DOCUMENTS, EVENTS];
