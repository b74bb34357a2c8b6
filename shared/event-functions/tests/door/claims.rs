//! Effects under a claim of which nobody knows whether they happened.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use event_functions::testing::{Claim, Claims, Harness, Outcome, OwnerToken, StoredClaim};
use event_functions::{
    Change, ChangeHandler, ClaimKey, Claimed, Decided, Decision, Effect, EffectId, Failure, Function, Park, Performed,
    Repeat, Uncertain,
};
use futures_util::FutureExt;

use crate::bytes::{KEY_TEXT, TOPIC, Ticket, deliver_inserts, register};

/// The mail may have been sent.
#[derive(Debug, Failure)]
#[failure("the mail may have been sent", uncertain, code = "mail_uncertain")]
struct Doubtful;

/// Sends a mail under a claim. The answer to the first one is lost.
struct Mail<U> {
    sent: Arc<AtomicUsize>,
    _uncertain: PhantomData<fn() -> U>,
}

impl<U: Uncertain> ChangeHandler for Mail<U> {
    type Row = Ticket<'static>;
    type Guard = Claimed<U>;
    type Work = ();

    fn decide(&self, change: Change<'_, Ticket<'_>>) -> Decided<Self> {
        Ok(Decision::claimed(change.claim("mail")?, ()))
    }

    async fn perform(&self, (): ()) -> Performed {
        match self.sent.fetch_add(1, Ordering::Relaxed) {
            0 => Err(Doubtful.into()),
            _ => Ok(Effect::Done),
        }
    }
}

struct Mails {
    test: Harness,
    sent: Arc<AtomicUsize>,
}

impl Mails {
    fn guarded_by<U: Uncertain>() -> Self {
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&sent);
        let function = Function::new("mail-tickets")
            .changes::<Ticket>(TOPIC)
            .effect(move |_: &(), _| Mail::<U> { sent: Arc::clone(&counted), _uncertain: PhantomData });
        let test = function.schemas_elsewhere().test(&[]);
        register(&test);
        Mails { test, sent }
    }

    fn deliver(&self) -> Outcome {
        deliver_inserts(&self.test, &[(42, "open")]).only()
    }

    fn claim(&self) -> Option<StoredClaim> {
        self.test.claims().stored(&format!("mail:{KEY_TEXT}"))
    }

    fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }

    /// A worker takes the claim and dies.
    fn abandon(&self) {
        let effect = EffectId::new(ClaimKey::new("mail", KEY_TEXT).unwrap());
        let claim = self.test.claims().claim(&effect, Duration::from_secs(15), OwnerToken::fresh());
        assert!(matches!(claim.now_or_never(), Some(Ok(Claim::Claimed(_)))));
        self.test.advance(Duration::from_secs(16));
    }
}

#[test]
fn an_uncertain_effect_is_parked_and_not_repeated() {
    let mails = Mails::guarded_by::<Park>();
    assert_eq!(mails.deliver(), Outcome::DeadLettered("mail_uncertain"));
    assert!(matches!(mails.claim(), Some(StoredClaim::Parked { .. })), "{:?}", mails.claim());
    assert_eq!((mails.deliver(), mails.sent()), (Outcome::Duplicate, 1));
}

#[test]
fn an_uncertain_effect_that_may_happen_twice_is_repeated() {
    let mails = Mails::guarded_by::<Repeat>();
    assert_eq!((mails.deliver(), mails.sent()), (Outcome::Done, 2));
    assert_eq!(mails.test.letters(), []);
    assert!(matches!(mails.claim(), Some(StoredClaim::Done { .. })), "{:?}", mails.claim());
    assert_eq!((mails.deliver(), mails.sent()), (Outcome::Duplicate, 2));
}

#[test]
fn the_effect_of_a_dead_worker_is_parked_or_repeated() {
    let parked = Mails::guarded_by::<Park>();
    parked.abandon();
    assert_eq!((parked.deliver(), parked.sent()), (Outcome::DeadLettered("effect_uncertain"), 0));
    let repeated = Mails::guarded_by::<Repeat>();
    repeated.abandon();
    assert_eq!((repeated.deliver(), repeated.sent()), (Outcome::Done, 2));
}
