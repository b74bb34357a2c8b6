//! Passes the invocation's bytes to the handler unparsed.
//!
//! `lambda_runtime` parses every body through a path-tracking deserializer before a handler sees it: on a 6 MB event
//! that alone costs several times our whole scan, and one unusual record fails it. Its Tower layers, however, see the raw
//! body. [`RawBodyLayer`] keeps the bytes under the request id and passes `null` on; the handler takes them from there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use lambda_runtime::LambdaInvocation;
use tower::{Layer, Service};

/// Bodies between the layer and the handler; at most one per concurrent invocation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bodies(Arc<Mutex<HashMap<String, Bytes>>>);

impl Bodies {
    fn put(&self, request_id: String, body: Bytes) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(request_id, body);
    }

    /// The body of an invocation, once.
    pub(crate) fn take(&self, request_id: &str) -> Option<Bytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(request_id)
    }
}

/// Keeps each body for the handler.
#[derive(Debug, Clone)]
pub(crate) struct RawBodyLayer(pub(crate) Bodies);

impl<S> Layer<S> for RawBodyLayer {
    type Service = RawBody<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RawBody { bodies: self.0.clone(), inner }
    }
}

/// See [`RawBodyLayer`].
#[derive(Debug, Clone)]
pub(crate) struct RawBody<S> {
    bodies: Bodies,
    inner: S,
}

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for RawBody<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> Self::Future {
        let body = std::mem::replace(&mut invocation.body, Bytes::from_static(b"null"));
        self.bodies.put(invocation.context.request_id.clone(), body);
        self.inner.call(invocation)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use lambda_runtime::{Context, service_fn};

    use super::*;

    #[tokio::test]
    async fn the_runtime_parses_null_and_the_handler_gets_the_bytes_once() {
        let bodies = Bodies::default();
        let mut service = RawBodyLayer(bodies.clone())
            .layer(service_fn(async |invocation: LambdaInvocation| Ok::<_, Infallible>(invocation.body)));
        let mut context = Context::default();
        context.request_id = "8476a536".to_owned();
        let (parts, ()) = http::Response::new(()).into_parts();
        let body = Bytes::from_static(b"{\"not\": \"even JSON");
        let passed_on = service.call(LambdaInvocation { parts, body: body.clone(), context }).await;

        assert_eq!(passed_on, Ok(Bytes::from_static(b"null")));
        assert_eq!(bodies.take("8476a536"), Some(body));
        assert_eq!(bodies.take("8476a536"), None);
    }
}
