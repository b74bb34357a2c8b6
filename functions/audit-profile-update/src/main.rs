//! The process; the library has the function.

use event_functions::ExitCode;

fn main() -> ExitCode {
    audit_profile_update::function().run()
}
