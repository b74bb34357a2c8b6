//! The process: see the library.

use event_functions::ExitCode;

fn main() -> ExitCode {
    send_welcome_email::function().run()
}
