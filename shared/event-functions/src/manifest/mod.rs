//! What a function declares, computed by the wiring that it runs with.

mod actions;
mod limits;
mod tables;
mod trigger;
mod variables;

use serde::Serialize;

pub(crate) use actions::secrets;
pub use actions::{ActionUse, When};
pub use limits::{Batch, Limits};
pub use tables::{Index, TableUse};
pub use trigger::{Consumption, Trigger};
pub use variables::DeclaredVariable;

use environment::Variable;

/// What a function declares. `functions/function.schema.json` describes it as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// The function.
    pub function: &'static str,
    /// What triggers it.
    pub trigger: Trigger,
    /// What an invocation needs.
    pub limits: Limits,
    /// The variables that it reads.
    pub variables: Vec<DeclaredVariable>,
    /// The tables that it uses.
    pub tables: Vec<TableUse>,
    /// What else it does in its account.
    pub actions: Vec<ActionUse>,
}

impl Manifest {
    pub(crate) fn of(described: Described, trigger: Trigger, variables: &[Variable], taken: Taken) -> Self {
        let Taken { tables, mut actions } = taken;
        actions.extend(secrets(variables));
        let variables = variables.iter().map(DeclaredVariable::from).collect();
        Manifest { function: described.name, trigger, limits: described.limits, variables, tables, actions }
    }
}

/// A manifest as a file of its own: with the place of its JSON Schema, as seen from a folder of `functions`.
#[derive(Serialize)]
pub(crate) struct ManifestFile {
    #[serde(rename = "$schema")]
    schema: &'static str,
    #[serde(flatten)]
    manifest: Manifest,
}

impl From<Manifest> for ManifestFile {
    fn from(manifest: Manifest) -> Self {
        ManifestFile { schema: "../function.schema.json", manifest }
    }
}

/// What a function says of itself beside its wiring.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Described {
    pub(crate) name: &'static str,
    pub(crate) limits: Limits,
    pub(crate) batch: Batch,
}

/// What a wiring took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) tables: Vec<TableUse>,
    pub(crate) actions: Vec<ActionUse>,
}

#[cfg(feature = "testing")]
impl Taken {
    /// What was taken here and not there.
    pub(crate) fn missing_in(&self, declared: &Taken) -> Vec<String> {
        let tables = self.tables.iter().filter(|table| !declared.tables.contains(table));
        let tables = tables.map(|table| format!("the table of {}", table.variable));
        let known = |taken: &ActionUse| declared.actions.iter().any(|known| known.covers(taken));
        let actions = self.actions.iter().filter(|taken| !known(taken));
        tables.chain(actions.map(|taken| format!("{} on {}", taken.actions.join(", "), taken.resource))).collect()
    }
}
