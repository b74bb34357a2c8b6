//! The process; the library has the function.

use event_functions::ExitCode;

fn main() -> ExitCode {
    cache_user_login::function().run()
}
