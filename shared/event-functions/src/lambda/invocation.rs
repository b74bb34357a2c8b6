//! An invocation's data beside its body: deadline, request id, function.

use event_runtime::{Clock, Deadline, Invocation, SystemClock, UnixMillis};
use lambda_runtime::Context;

/// The context as event-runtime's type.
pub(crate) fn of_context(context: &Context) -> Invocation {
    Invocation {
        deadline: Deadline::from_header(UnixMillis(context.deadline), SystemClock.now()),
        request_id: context.request_id.clone(),
        function: context.env_config.function_name.clone(),
        function_version: context.env_config.version.clone(),
    }
}
