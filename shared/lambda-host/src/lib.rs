//! One Lambda invocation: raw body, deadline, request id. The only crate that knows the Lambda runtime.
