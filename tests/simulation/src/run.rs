//! Runs a world with its faults in paused time.

use std::sync::Arc;

use futures_util::future::join3;

use super::outcome::Run;
use super::redriving::Lambda;
use super::scene::Scene;
use super::schedule::Fates;
use super::source::Source;
use super::world::World;

/// The world of a seed, and a run of it with random faults of the same seed.
pub fn simulate(seed: u64) -> (World, Run) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let world = World::of(seed, &mut rng);
    let run = run(&world, Fates::random(rng), false);
    (world, run)
}

/// Runs a world in paused time.
///
/// # Panics
/// If no runtime can be made.
pub fn run(world: &World, fates: Fates, with_story: bool) -> Run {
    // The processor's jitter.
    fastrand::seed(world.seed);
    #[allow(clippy::expect_used, reason = "without a runtime there is nothing to simulate")]
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without IO can be made");
    runtime.block_on(async {
        let scene = Arc::new(Scene::new(world.clone(), fates, with_story));
        let source = Source::new(Arc::clone(&scene));
        let (lambda, invocations) = Lambda::new(&scene);
        join3(source.poll(), source.operate(lambda), source.answer_invocations(invocations)).await;
        scene.end()
    })
}
