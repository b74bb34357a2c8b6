//! Claims in memory whose calls a test can delay, fail or leave unanswered.

use std::future::Future;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

use super::memory_claims::MemoryClaims;
use crate::claims::{Claim, Claims, Decider, Decision, Doubt, Held, OwnerToken, ParkedUnder, Resolved, Settled};
use crate::dead_letter::LetterId;
use crate::effect_id::{ClaimKey, EffectId};
use crate::store_error::StoreError;

type Hook = Box<dyn Fn(&'static str, &ClaimKey) -> BoxFuture<'static, ()> + Send + Sync>;

/// [`Claims`] in memory with a hook before and after each call. A hook gets the operation (`claim`, `complete`,
/// `release`, `withdraw`, `park`, `resolve`) and the key; the call waits for the future that it returns.
pub struct HookedClaims {
    claims: MemoryClaims,
    before: Hook,
    after: Hook,
}

impl HookedClaims {
    /// The claims as they are: hooks that do nothing.
    pub fn new(claims: MemoryClaims) -> Self {
        let nothing = || -> Hook { Box::new(|_, _| ready(()).boxed()) };
        HookedClaims { claims, before: nothing(), after: nothing() }
    }

    /// Runs `hook` before each call reaches the claims.
    #[must_use]
    pub fn before<F>(self, hook: impl Fn(&'static str, &ClaimKey) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        HookedClaims { before: Box::new(move |operation, key| hook(operation, key).boxed()), ..self }
    }

    /// Runs `hook` when a call is done, before its caller gets the answer.
    #[must_use]
    pub fn after<F>(self, hook: impl Fn(&'static str, &ClaimKey) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        HookedClaims { after: Box::new(move |operation, key| hook(operation, key).boxed()), ..self }
    }

    fn call<'a, T>(
        &'a self,
        operation: &'static str,
        key: &'a ClaimKey,
        call: impl FnOnce() -> BoxFuture<'a, Result<T, StoreError>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, StoreError>>
    where
        T: Send + 'a,
    {
        async move {
            (self.before)(operation, key).await;
            let answer = call().await;
            (self.after)(operation, key).await;
            answer
        }
        .boxed()
    }
}

impl Claims for HookedClaims {
    fn max_key_bytes(&self) -> usize {
        self.claims.max_key_bytes()
    }

    fn claim<'a>(
        &'a self,
        effect: &'a EffectId,
        lease: Duration,
        token: OwnerToken,
    ) -> BoxFuture<'a, Result<Claim, StoreError>> {
        self.call("claim", &effect.key, move || self.claims.claim(effect, lease, token))
    }

    fn complete<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>> {
        self.call("complete", &held.key, || self.claims.complete(held))
    }

    fn release<'a>(&'a self, held: &'a Held) -> BoxFuture<'a, Result<Settled, StoreError>> {
        self.call("release", &held.key, || self.claims.release(held))
    }

    fn withdraw<'a>(
        &'a self,
        key: &'a ClaimKey,
        lease: Duration,
        token: OwnerToken,
    ) -> BoxFuture<'a, Result<Settled, StoreError>> {
        self.call("withdraw", key, move || self.claims.withdraw(key, lease, token))
    }

    fn park<'a>(
        &'a self,
        held: &'a Held,
        letter: &'a LetterId,
        doubt: Doubt,
    ) -> BoxFuture<'a, Result<Settled, StoreError>> {
        self.call("park", &held.key, move || self.claims.park(held, letter, doubt))
    }

    fn resolve<'a>(
        &'a self,
        key: &'a ClaimKey,
        park: ParkedUnder<'a>,
        decision: Decision,
        by: Decider<'a>,
    ) -> BoxFuture<'a, Result<Resolved, StoreError>> {
        self.call("resolve", key, move || self.claims.resolve(key, park, decision, by))
    }
}
