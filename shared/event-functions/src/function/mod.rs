//! A whole function: what `main` runs, what a test delivers to, what prints what it declares.

mod builder;
mod consumer;
mod kind;
mod parts;
mod serving;
mod task;
mod wiring;

use std::process::ExitCode;

#[cfg(feature = "testing")]
use environment::{Env, Problems};

use parts::Parts;

pub use builder::{Changes, Draft, Events, HasEffect, Records, Tasks};

use crate::manifest::{Described, Manifest};
#[cfg(feature = "testing")]
use crate::testing::{memory::Memory, running::Running, schemas::Reader};

/// A whole function. See the crate's documentation.
pub struct Function {
    described: Described,
    parts: Box<dyn Parts>,
    #[cfg(feature = "testing")]
    checks_schemas: bool,
}

impl Function {
    /// A function of this name; `verb-noun`, as its folder and its crate.
    #[expect(clippy::new_ret_no_self, reason = "a function is whole when it says what it reads and does")]
    pub fn new(name: &'static str) -> Draft {
        Draft::of(name)
    }

    pub(crate) fn of(described: Described, parts: impl Parts + 'static) -> Self {
        Function {
            described,
            parts: Box::new(parts),
            #[cfg(feature = "testing")]
            checks_schemas: true,
        }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.described.name
    }

    /// What the function declares. Needs neither variables nor AWS.
    pub fn manifest(&self) -> Manifest {
        self.parts.manifest(self.described)
    }

    /// For tests of a function whose schemas are not in the repository's `events/schemas`: they are not checked.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn schemas_elsewhere(self) -> Self {
        Function { checks_schemas: false, ..self }
    }

    #[cfg(feature = "testing")]
    pub(crate) fn checks_schemas(&self) -> bool {
        self.checks_schemas
    }

    #[cfg(feature = "testing")]
    pub(crate) fn readers(&self) -> Vec<Reader> {
        self.parts.readers()
    }

    #[cfg(feature = "testing")]
    pub(crate) fn variables(&self) -> Vec<environment::Variable> {
        self.parts.variables()
    }

    #[cfg(feature = "testing")]
    pub(crate) fn in_memory(&self, env: &Env, memory: &Memory) -> Result<Box<dyn Running>, Problems> {
        self.parts.in_memory(self.described.name, env, memory)
    }

    /// Serves invocations until Lambda ends the process. `--manifest` prints what the function declares, `--help` what it
    /// takes.
    ///
    /// Exits with status 78 if a variable is missing or wrong, with 64 for an argument that it does not know, and with 1
    /// if it cannot start or serve.
    pub fn run(self) -> ExitCode {
        serving::run(self.described, &*self.parts)
    }
}
