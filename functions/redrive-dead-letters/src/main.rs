//! Sends dead-lettered records back to the function that gave them up.

use event_functions::ExitCode;

fn main() -> ExitCode {
    redrive_dead_letters::function().run()
}
