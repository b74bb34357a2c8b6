//! The account, as a function's wiring sees it. What is taken from it is the function's declaration.

mod no_subjects;
mod world;

use std::cell::RefCell;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use dynamodb::{AppendOnlyTable, VersionedTable, attribute};
use environment::{Configuration, Env, Problem, Table, Variable};
use event_runtime::{Clock, DeadLetters};

use schema_registry::Subjects;

use crate::manifest::{ActionUse, Index, TableUse, Taken};
use crate::variables::{DeadLetterQueue, RegistryConfig, RegistryConfigError};
pub(crate) use world::World;

/// What an effect takes from its account. `T` is what the function reads, so that a pattern that is made from it knows
/// the row too.
///
/// The same wiring also runs without variables and without AWS, to find out what the function declares: it must take what
/// it takes whatever the variables say.
pub struct Aws<T> {
    world: World,
    /// Without variables: declaring.
    env: Option<Env>,
    effect_timeout: Duration,
    taken: RefCell<Taken>,
    variables: RefCell<Vec<Variable>>,
    problems: RefCell<Vec<Problem>>,
    _reads: PhantomData<fn() -> T>,
}

/// What a wiring took and read.
#[derive(Default)]
pub(crate) struct Wired {
    pub(crate) taken: Taken,
    pub(crate) variables: Vec<Variable>,
    pub(crate) problems: Vec<Problem>,
}

impl<T> Aws<T> {
    pub(crate) fn new(world: World, env: Option<Env>, effect_timeout: Duration) -> Self {
        Aws {
            world,
            env,
            effect_timeout,
            taken: RefCell::default(),
            variables: RefCell::default(),
            problems: RefCell::default(),
            _reads: PhantomData,
        }
    }

    pub(crate) fn into_wired(self) -> Wired {
        let (taken, variables, problems) = (self.taken.take(), self.variables.take(), self.problems.take());
        Wired { taken, variables, problems }
    }

    /// A table of one item a row, of which the newest version wins.
    pub fn newest_version(&self, table: &Table, indexes: &[Index]) -> VersionedTable {
        self.versioned(table, indexes, &["dynamodb:PutItem", "dynamodb:UpdateItem"])
    }

    /// The same where no change leaves a column unchanged, so that each write is a put.
    pub fn newest_whole_version(&self, table: &Table, indexes: &[Index]) -> VersionedTable {
        self.versioned(table, indexes, &["dynamodb:PutItem"])
    }

    fn versioned(&self, table: &Table, indexes: &[Index], actions: &'static [&'static str]) -> VersionedTable {
        self.take_table(TableUse {
            variable: table.variable(),
            partition_key: attribute::KEY,
            sort_key: None,
            ttl: Some(attribute::EXPIRES_AT),
            indexes: indexes.to_vec(),
            person: table.person(),
            actions,
        });
        self.world.versioned_table(table)
    }

    /// A table to which each entry is appended once.
    pub fn append_only(&self, table: &Table) -> AppendOnlyTable {
        self.take_table(TableUse {
            variable: table.variable(),
            partition_key: attribute::KEY,
            sort_key: Some(attribute::SORT),
            ttl: Some(attribute::EXPIRES_AT),
            indexes: Vec::new(),
            person: table.person(),
            actions: &["dynamodb:PutItem"],
        });
        self.world.append_only_table(table)
    }

    /// A table of one's own, for a client that is made with it.
    pub fn table<C>(&self, table: TableUse, make: impl FnOnce(&SdkConfig) -> C) -> C {
        self.take_table(table);
        make(&self.world.sdk())
    }

    /// A client of one's own: the actions of IAM that it takes, on what, and how it is made from the SDK's configuration.
    /// Write a resource that a variable names with that variable's value: `format!("identity/{}", config.sender)`.
    pub fn client<C>(
        &self,
        actions: &'static [&'static str],
        resource: impl Into<String>,
        make: impl FnOnce(&SdkConfig) -> C,
    ) -> C {
        self.client_for(ActionUse::on(actions, resource), make)
    }

    /// The same where the actions are taken only if a variable has some value.
    pub fn client_for<C>(&self, actions: ActionUse, make: impl FnOnce(&SdkConfig) -> C) -> C {
        self.uses(actions);
        make(&self.world.sdk())
    }

    /// Actions that such a client takes on one more resource.
    pub fn uses(&self, actions: ActionUse) {
        self.taken.borrow_mut().actions.push(actions);
    }

    /// More variables than the function's own: those of a pattern. Their problems are reported with all others.
    pub fn variables<C: Configuration>(&self) -> C {
        let (value, variables, problems) = match &self.env {
            None => {
                let (value, variables) = Env::declare(C::read);
                (value, variables, Vec::new())
            }
            Some(env) => {
                let attempt = env.attempt(C::read);
                (attempt.value, attempt.variables, attempt.problems)
            }
        };
        self.variables.borrow_mut().extend(variables);
        self.problems.borrow_mut().extend(problems);
        value
    }

    /// The dead-letter queue, for a task that gives up items of its own. Consumers have it without asking.
    pub fn dead_letters(&self) -> Arc<dyn DeadLetters> {
        self.dead_letters_in(&self.variables())
    }

    /// The same, for a task whose configuration has the queue, because it also reads it.
    pub fn dead_letters_in(&self, queue: &DeadLetterQueue) -> Arc<dyn DeadLetters> {
        queue.rights().into_iter().for_each(|rights| self.uses(rights));
        self.world.dead_letters(queue)
    }

    /// The registry's schemas by subject, for a producer. With `register`, which is for development only, that schema is
    /// registered under the subject that is asked for.
    ///
    /// # Errors
    /// When the registry has no subjects (AWS Glue), one of its files cannot be read, or its client cannot be built.
    pub fn subjects(
        &self,
        registry: &RegistryConfig,
        register: Option<&str>,
    ) -> Result<Arc<dyn Subjects>, RegistryConfigError> {
        self.world.subjects(registry, register)
    }

    /// Whether the wiring only declares: its values are stand-ins, and nothing that it builds is used.
    pub fn is_declaring(&self) -> bool {
        self.world.is_declaring()
    }

    /// How long one effect may take (`EFFECT_TIMEOUT_MS`).
    pub fn effect_timeout(&self) -> Duration {
        self.effect_timeout
    }

    /// The clock.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.world.clock()
    }

    pub(crate) fn take_table(&self, table: TableUse) {
        self.taken.borrow_mut().tables.push(table);
    }
}
