//! A function's wiring, run with variables, or without them to find out what it declares.

use environment::{Attempt, Env, Problems, Reader, Variable};

use crate::aws::{Wired, World};
use crate::manifest::Taken;

/// A configuration, and what is made of it.
pub(crate) trait Wiring {
    /// What is read from variables.
    type Config;
    /// What it makes.
    type Made;

    /// Reads the variables.
    fn read(env: &mut Reader<'_>) -> Self::Config;
    /// Runs the wiring; without `env` it declares.
    fn wire(&self, config: &Self::Config, world: World, env: Option<Env>) -> (Self::Made, Wired);
}

/// What the wiring made of these variables, or all of their problems.
pub(super) fn live<W: Wiring>(wiring: &W, env: &Env, world: &World) -> Result<(W::Config, W::Made), Problems> {
    let Attempt { value: config, variables, problems } = env.attempt(W::read);
    // With problems the wiring runs for its variables alone: what it builds reaches nothing.
    let world = if problems.is_empty() { world.clone() } else { World::Declaring };
    let (made, wired) = wiring.wire(&config, world.clone(), Some(env.clone()));
    #[cfg(feature = "testing")]
    refuse_undeclared(wiring, &wired, &world);
    let read = variables.len() + wired.variables.len();
    match Problems::of([problems, wired.problems].concat(), read) {
        None => Ok((config, made)),
        Some(problems) => Err(problems),
    }
}

/// All problems of these variables, if those of the function or of the runtime have any. The wiring finds those of a
/// pattern: it runs when it would serve, or here if it will not.
pub(super) fn check<W: Wiring>(wiring: &W, env: &Env) -> Result<(), Problems> {
    match env.attempt(W::read).problems.is_empty() {
        true => Ok(()),
        false => live(wiring, env, &World::Declaring).map(drop),
    }
}

/// A wiring without variables.
pub(super) struct Declared<W: Wiring> {
    /// Stand-ins.
    pub(super) config: W::Config,
    /// Of no use but for what it says of itself.
    pub(super) made: W::Made,
    /// What it reads.
    pub(super) variables: Vec<Variable>,
    /// What it takes.
    pub(super) taken: Taken,
}

/// Runs the wiring without variables, for what it reads and takes.
pub(super) fn declared<W: Wiring>(wiring: &W) -> Declared<W> {
    let (config, mut variables) = Env::declare(W::read);
    let (made, wired) = wiring.wire(&config, World::Declaring, None);
    variables.extend(wired.variables);
    Declared { config, made, variables, taken: wired.taken }
}

/// A manifest has what the wiring takes without variables, so a test in which it takes more must fail.
#[cfg(feature = "testing")]
fn refuse_undeclared<W: Wiring>(wiring: &W, wired: &Wired, world: &World) {
    if !matches!(world, World::Memory(_)) {
        return;
    }
    let undeclared = wired.taken.missing_in(&declared(wiring).taken);
    assert!(
        undeclared.is_empty(),
        "{} taken with these variables and not declared without them: take it whatever the values are",
        undeclared.join(" and ")
    );
}
