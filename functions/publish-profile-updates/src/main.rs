//! Publishes changed profiles of an external API as events.

use event_functions::ExitCode;

fn main() -> ExitCode {
    publish_profile_updates::function().run()
}
