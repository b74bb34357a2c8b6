//! [`NoClaims`]: the claims port of a function whose effects are all conditional and need no claim.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

use crate::claims::{Claim, Claims, Decider, Decision, Doubt, Held, OwnerToken, ParkedUnder, Resolved, Settled};
use crate::dead_letter::LetterId;
use crate::effect_id::{ClaimKey, EffectId};
use crate::store_error::StoreError;

/// The [`Claims`] of a function that needs none, because its intents are all [`crate::Intent::Conditional`] or a skip.
/// A record whose intent needs a claim stays pending: its effect never runs unguarded.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoClaims;

#[derive(Debug, thiserror::Error)]
#[error("this function was built without claims, but a handler's intent needs one: give the processor a claims table")]
struct NoTable;

fn refused<T: Send + 'static>(operation: &'static str) -> BoxFuture<'static, Result<T, StoreError>> {
    let store = "the claims table";
    let error = StoreError { store, operation, code: "claims_missing", retry_after: None, cause: Box::new(NoTable) };
    ready(Err(error)).boxed()
}

impl Claims for NoClaims {
    fn claim<'a>(
        &'a self,
        _effect: &'a EffectId,
        _lease: Duration,
        _token: OwnerToken,
    ) -> BoxFuture<'a, Result<Claim, StoreError>> {
        refused("claim")
    }

    fn complete<'a>(&'a self, _held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>> {
        refused("complete")
    }

    fn release<'a>(&'a self, _held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>> {
        refused("release")
    }

    fn withdraw<'a>(
        &'a self,
        _key: &'a ClaimKey,
        _lease: Duration,
        _token: OwnerToken,
    ) -> BoxFuture<'a, Result<Settled, StoreError>> {
        refused("withdraw")
    }

    fn park<'a>(
        &'a self,
        _held: &'a Held,
        _letter: &'a LetterId,
        _doubt: Doubt,
    ) -> BoxFuture<'a, Result<Settled, StoreError>> {
        refused("park")
    }

    fn resolve<'a>(
        &'a self,
        _key: &'a ClaimKey,
        _park: ParkedUnder<'a>,
        _decision: Decision,
        _by: Decider<'a>,
    ) -> BoxFuture<'a, Result<Resolved, StoreError>> {
        refused("resolve")
    }
}
