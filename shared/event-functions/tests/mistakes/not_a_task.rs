//! What a schedule runs does not implement `Task`.
//~ `Sweep` is not a task
//~ does not implement `Task`
//~ `.task().run_by(|config: &Config, aws| …)` returns your own type with `impl Task`

use event_functions::*;

struct Sweep;

fn main() {
    let _ = Function::new("sweep-tickets").task().run_by(|_: &(), _| Ok::<_, HostError>(Sweep));
}
