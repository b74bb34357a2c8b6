//! Contract suites: the behaviour that every implementation of a port must have, tested in one place.
#![allow(clippy::panic, clippy::expect_used, reason = "a contract that is broken fails the test that runs it")]

use std::time::Duration;

use crate::claims::{
    Claim, Claims, Decider, Decision, Doubt, Held, OwnerToken, Parked, ParkedUnder, Resolved, Settled,
};
use crate::dead_letter::{DeadLetter, DeadLetters, GivenUpBy, LETTER_VERSION, LetterId, Place, RawBytes, Reason};
use crate::effect_id::{ClaimKey, EffectId, Fingerprint};

const LEASE: Duration = Duration::from_secs(30);

/// Runs the contract of [`Claims`]. `expire` makes every lease of up to 30 s end, by moving the store's clock or by
/// waiting.
///
/// # Panics
/// Where the contract is broken.
pub async fn claims_contract(claims: &dyn Claims, mut expire: impl AsyncFnMut()) {
    let run = OwnerToken::fresh();
    let key = |name: &str| EffectId::new(ClaimKey::new("contract", &format!("{run}-{name}")).expect("a key"));

    // One owner at a time; a done claim stays done.
    let first = claimed(claims, &key("once")).await;
    let Claim::HeldUntil(until) = claim(claims, &key("once")).await else { panic!("a held claim was given away") };
    assert_eq!(until, first.until, "others learn when the lease ends");
    assert_eq!(claims.complete(&first).await.expect("complete"), Settled::Applied);
    assert_eq!(
        claims.complete(&first).await.expect("complete"),
        Settled::Applied,
        "repeated after a lost answer is success"
    );
    assert_eq!(claim(claims, &key("once")).await, Claim::Done);

    // A released claim is free.
    let released = claimed(claims, &key("released")).await;
    assert_eq!(claims.release(&released).await.expect("release"), Settled::Applied);
    assert_eq!(
        claims.release(&released).await.expect("release"),
        Settled::Applied,
        "repeated after a lost answer is success"
    );
    let again = claimed(claims, &key("released")).await;
    assert!(again.until > released.until, "each lease ends later than the one before it");
    assert_eq!(claims.release(&released).await.expect("release"), Settled::NotOurs, "an old token releases nothing");
    assert_eq!(claims.complete(&again).await.expect("complete"), Settled::Applied);

    // A parked claim stays parked, under its letter.
    let parked = claimed(claims, &key("parked")).await;
    let letter = LetterId::from_stored("0123456789abcdef0123456789abcdef");
    park(claims, &parked, &letter, Doubt::Certain).await;
    park(claims, &parked, &letter, Doubt::Certain).await;
    assert_eq!(claim(claims, &key("parked")).await, under(&parked, &letter, Doubt::Certain));
    assert_eq!(claims.release(&parked).await.expect("release"), Settled::NotOurs, "a parked claim is settled");

    // An abandoned claim is uncertain for one worker; its first owner cannot change it any more.
    let stale = claimed(claims, &key("abandoned")).await;
    expire().await;
    let Claim::Uncertain(taken) = claim(claims, &key("abandoned")).await else {
        panic!("an abandoned claim must be uncertain")
    };
    assert_ne!(taken.token, stale.token);
    assert!(matches!(claim(claims, &key("abandoned")).await, Claim::HeldUntil(_)), "uncertain for one worker only");
    assert_eq!(claims.complete(&stale).await.expect("complete"), Settled::NotOurs, "a stale owner completes nothing");
    assert_eq!(claims.release(&stale).await.expect("release"), Settled::NotOurs, "a stale owner releases nothing");
    let stale = claims.park(&stale, &letter, Doubt::Certain).await.expect("park");
    assert_eq!(stale, Settled::NotOurs, "a stale owner parks nothing");
    park(claims, &taken, &letter, Doubt::Uncertain).await;
    assert_eq!(claim(claims, &key("abandoned")).await, under(&taken, &letter, Doubt::Uncertain));
    expire().await;
    assert_eq!(claim(claims, &key("once")).await, Claim::Done, "a done claim does not expire");

    several_tries_contract(claims, key, &mut expire).await;
    withdrawing_contract(claims, key, &mut expire).await;
    resolving_contract(claims, key).await;
    doubt_contract(claims, key).await;
    fingerprint_contract(claims, key, &mut expire).await;

    // A key of the maximum length is claimed like any other.
    if let Some(rest) =
        claims.max_key_bytes().checked_sub("contract:".len()).filter(|_| claims.max_key_bytes() < 1 << 20)
    {
        let longest = format!("{run}{}", "x".repeat(rest - run.to_string().len()));
        let longest = EffectId::new(ClaimKey::new("contract", &longest).expect("a key"));
        assert_eq!(longest.key.as_str().len(), claims.max_key_bytes());
        let held = claimed(claims, &longest).await;
        assert_eq!(claims.complete(&held).await.expect("complete"), Settled::Applied);
    }

    // Of many concurrent claims, one succeeds.
    let contested = key("contested");
    let tries = (0..200).map(|_| claims.claim(&contested, LEASE, OwnerToken::fresh()));
    let won = futures_util::future::join_all(tries).await;
    let won = won.into_iter().filter(|claim| matches!(claim, Ok(Claim::Claimed(_)))).count();
    assert_eq!(won, 1, "200 concurrent claims of one key");
}

/// A record claims under one token at all its attempts, and no attempt ends the lease of a later one.
async fn several_tries_contract(
    claims: &dyn Claims,
    effect: impl Fn(&str) -> EffectId,
    expire: &mut impl AsyncFnMut(),
) {
    let (letter, token) = (LetterId::from_stored("00"), OwnerToken::fresh());
    let tried = async |name: &str, token| claims.claim(&effect(name), LEASE, token).await.expect("claim");

    // The answer of the first attempt was lost: the second one takes the claim again, with a later lease.
    let Claim::Claimed(first) = tried("tried-again", token).await else { panic!("a free claim was refused") };
    let Claim::Claimed(second) = tried("tried-again", token).await else { panic!("our own claim was refused") };
    assert!(second.until > first.until, "a later attempt has a later lease");
    let Claim::HeldUntil(until) = claim(claims, &effect("tried-again")).await else {
        panic!("a held claim was given away")
    };
    assert_eq!(until, second.until);
    // The late writes of the first attempt arrive now.
    for late in [claims.release(&first), claims.complete(&first), claims.park(&first, &letter, Doubt::Certain)] {
        assert_eq!(
            late.await.expect("settle"),
            Settled::NotOurs,
            "the first attempt does not end the second one's lease"
        );
    }
    let Claim::HeldUntil(until) = claim(claims, &effect("tried-again")).await else {
        panic!("a late write freed a claim whose effect runs")
    };
    assert_eq!(until, second.until);
    assert_eq!(claims.complete(&second).await.expect("complete"), Settled::Applied);
    assert_eq!(claim(claims, &effect("tried-again")).await, Claim::Done);

    // Released between two attempts.
    let Claim::Claimed(first) = tried("released-between", token).await else { panic!("a free claim was refused") };
    assert_eq!(claims.release(&first).await.expect("release"), Settled::Applied);
    let Claim::Claimed(second) = tried("released-between", token).await else { panic!("a free claim was refused") };
    assert!(second.until > first.until, "a later attempt has a later lease");
    assert_eq!(claims.release(&first).await.expect("release"), Settled::NotOurs, "the client sent it twice");
    assert_eq!(claims.complete(&second).await.expect("complete"), Settled::Applied);

    // The lease of an attempt ended unnoticed: its effect never began, and its own token takes the claim again.
    let Claim::Claimed(first) = tried("ran-out", token).await else { panic!("a free claim was refused") };
    expire().await;
    let Claim::Claimed(second) = tried("ran-out", token).await else { panic!("our own claim was refused") };
    assert!(second.until > first.until, "a later attempt has a later lease");
    assert_eq!(claims.release(&second).await.expect("release"), Settled::Applied);

    // A claim that was taken over stays uncertain for all later attempts.
    claimed(claims, &effect("taken-over-twice")).await;
    expire().await;
    let Claim::Uncertain(first) = tried("taken-over-twice", token).await else {
        panic!("an abandoned claim must be uncertain")
    };
    let Claim::Uncertain(second) = tried("taken-over-twice", token).await else {
        panic!("our own claim of what another had abandoned must be uncertain")
    };
    assert!(second.until > first.until, "a later attempt has a later lease");
    let late = claims.park(&first, &letter, Doubt::Uncertain).await.expect("park");
    assert_eq!(late, Settled::NotOurs, "the first attempt does not end the second one's lease");
    park(claims, &second, &letter, Doubt::Uncertain).await;
}

/// A withdrawal takes back the owner's own claim, whether it was applied or not, and no other.
async fn withdrawing_contract(claims: &dyn Claims, effect: impl Fn(&str) -> EffectId, expire: &mut impl AsyncFnMut()) {
    let token = OwnerToken::fresh();
    let tried = async |name: &str| claims.claim(&effect(name), LEASE, token).await.expect("claim");
    let withdraw = async |name: &str| claims.withdraw(&effect(name).key, LEASE, token).await.expect("withdraw");

    // The claim was never applied.
    for _ in 0..2 {
        assert_eq!(withdraw("never-arrived").await, Settled::Applied);
    }
    let held = claimed(claims, &effect("never-arrived")).await;
    assert_eq!(withdraw("never-arrived").await, Settled::NotOurs, "another owner's claim");
    assert_eq!(claims.complete(&held).await.expect("complete"), Settled::Applied);
    assert_eq!(withdraw("never-arrived").await, Settled::NotOurs, "a done claim stays done");
    assert_eq!(claim(claims, &effect("never-arrived")).await, Claim::Done);

    // The claim was applied, and its answer lost.
    let Claim::Claimed(lost) = tried("arrived").await else { panic!("a free claim was refused") };
    assert_eq!(withdraw("arrived").await, Settled::Applied);
    assert_eq!(claims.complete(&lost).await.expect("complete"), Settled::NotOurs, "it is withdrawn");
    let held = claimed(claims, &effect("arrived")).await;
    assert!(held.until > lost.until, "each lease ends later than the one before it");
    assert_eq!(claims.complete(&held).await.expect("complete"), Settled::Applied);

    // It took over a claim that another worker had abandoned: that worker's effect may have happened.
    claimed(claims, &effect("withdrawn-over")).await;
    expire().await;
    assert!(matches!(tried("withdrawn-over").await, Claim::Uncertain(_)));
    assert_eq!(withdraw("withdrawn-over").await, Settled::NotOurs, "the other worker's effect is uncertain");
    expire().await;
    assert!(matches!(claim(claims, &effect("withdrawn-over")).await, Claim::Uncertain(_)), "and stays so");
}

/// The redrive's own decision applies only to a claim that records that its effect did not happen; a person's applies
/// only to the park that the person read.
async fn doubt_contract(claims: &dyn Claims, effect: impl Fn(&str) -> EffectId) {
    let letter = LetterId::from_stored("00");
    let resolve = async |name: &str, park: ParkedUnder<'_>, decision, by| {
        claims.resolve(&effect(name).key, park, decision, by).await.expect("resolve")
    };

    let held = claimed(claims, &effect("uncertain")).await;
    park(claims, &held, &letter, Doubt::Uncertain).await;
    for decision in [Decision::Repeat, Decision::Done] {
        let by_itself = resolve("uncertain", ParkedUnder::from(&letter), decision, Decider::Redrive).await;
        assert_eq!(by_itself, Resolved::Uncertain, "a person must decide");
    }
    assert_eq!(
        claim(claims, &effect("uncertain")).await,
        under(&held, &letter, Doubt::Uncertain),
        "it changed nothing"
    );
    let ann = Decider::Person("ann");
    let stale = ParkedUnder { letter: &letter, token: Some(OwnerToken::fresh()) };
    assert_eq!(resolve("uncertain", stale, Decision::Repeat, ann).await, Resolved::OtherPark, "parked again since");
    let seen = ParkedUnder { letter: &letter, token: Some(held.token) };
    assert_eq!(resolve("uncertain", seen, Decision::Repeat, ann).await, Resolved::Applied);

    let held = claimed(claims, &effect("certain")).await;
    park(claims, &held, &letter, Doubt::Certain).await;
    for _ in 0..2 {
        let by_itself = resolve("certain", ParkedUnder::from(&letter), Decision::Repeat, Decider::Redrive).await;
        assert_eq!(by_itself, Resolved::Applied);
    }
    // A claim that was parked as certain may be parked as uncertain later.
    let held = claimed(claims, &effect("certain")).await;
    park(claims, &held, &letter, Doubt::Uncertain).await;
    let by_itself = resolve("certain", ParkedUnder::from(&letter), Decision::Repeat, Decider::Redrive).await;
    assert_eq!(by_itself, Resolved::Uncertain, "an earlier park proves nothing about this one");
}

/// An operator's decision ends a parked claim under its letter, and changes no other claim.
async fn resolving_contract(claims: &dyn Claims, effect: impl Fn(&str) -> EffectId) {
    let (letter, other) = (LetterId::from_stored("00"), LetterId::from_stored("01"));
    let resolve = async |effect: &EffectId, letter, decision, by| {
        let park = ParkedUnder::from(letter);
        claims.resolve(&effect.key, park, decision, Decider::Person(by)).await.expect("resolve")
    };

    let done = effect("resolved-done");
    assert_eq!(resolve(&done, &letter, Decision::Done, "ann").await, Resolved::NotParked, "never claimed");
    let held = claimed(claims, &done).await;
    assert_eq!(resolve(&done, &letter, Decision::Repeat, "ann").await, Resolved::NotParked, "the owner still holds it");
    park(claims, &held, &letter, Doubt::Uncertain).await;
    assert_eq!(resolve(&done, &other, Decision::Repeat, "ann").await, Resolved::OtherPark);
    assert_eq!(claim(claims, &done).await, under(&held, &letter, Doubt::Uncertain), "and nothing has changed");
    assert_eq!(resolve(&done, &letter, Decision::Done, "ann").await, Resolved::Applied);
    assert_eq!(resolve(&done, &letter, Decision::Done, "ann").await, Resolved::Applied, "repeated after a lost answer");
    assert_eq!(resolve(&done, &letter, Decision::Done, "bob").await, Resolved::NotParked, "ann was first");
    assert_eq!(resolve(&done, &letter, Decision::Repeat, "ann").await, Resolved::NotParked, "a decision is final");
    assert_eq!(claim(claims, &done).await, Claim::Done);
    assert_eq!(claims.release(&held).await.expect("release"), Settled::NotOurs, "its first owner cannot free it");

    let repeated = effect("resolved-repeat");
    let first = claimed(claims, &repeated).await;
    park(claims, &first, &letter, Doubt::Uncertain).await;
    assert_eq!(resolve(&repeated, &letter, Decision::Repeat, "ann").await, Resolved::Applied);
    assert_eq!(
        resolve(&repeated, &letter, Decision::Repeat, "ann").await,
        Resolved::Applied,
        "repeated after a lost answer"
    );
    for late in [claims.complete(&first), claims.park(&first, &other, Doubt::Certain)] {
        assert_eq!(late.await.expect("settle"), Settled::NotOurs, "the first owner cannot change it any more");
    }
    let second = claimed(claims, &repeated).await;
    assert_ne!(second.token, first.token);
    assert!(matches!(claim(claims, &repeated).await, Claim::HeldUntil(_)), "free for one worker");
    assert_eq!(resolve(&repeated, &letter, Decision::Repeat, "ann").await, Resolved::Applied, "applied before, by ann");
    assert!(matches!(claim(claims, &repeated).await, Claim::HeldUntil(_)), "and the claim is not freed again");
    assert_eq!(claims.release(&second).await.expect("release"), Settled::Applied);
    assert_eq!(claims.release(&second).await.expect("release"), Settled::Applied, "repeated after a lost answer");
    let third = claimed(claims, &repeated).await;
    park(claims, &third, &letter, Doubt::Certain).await;
    assert_eq!(
        resolve(&repeated, &letter, Decision::Done, "bob").await,
        Resolved::Applied,
        "parked again, so a new decision applies"
    );
    assert_eq!(claim(claims, &repeated).await, Claim::Done);
}

/// A settled claim answers different content with a conflict, if both sides have a fingerprint.
async fn fingerprint_contract(claims: &dyn Claims, effect: impl Fn(&str) -> EffectId, expire: &mut impl AsyncFnMut()) {
    let letter = LetterId::from_stored("00");
    let of = |effect: EffectId, amount: &str| effect.with_fingerprint(Fingerprint::of([("amount", amount)]));

    let held = claimed(claims, &of(effect("compared"), "12")).await;
    assert!(matches!(claim(claims, &of(effect("compared"), "99")).await, Claim::HeldUntil(_)), "not settled yet");
    assert_eq!(claims.complete(&held).await.expect("complete"), Settled::Applied);
    assert_eq!(claim(claims, &of(effect("compared"), "12")).await, Claim::Done);
    assert_eq!(claim(claims, &of(effect("compared"), "99")).await, Claim::Conflict);
    assert_eq!(claim(claims, &effect("compared")).await, Claim::Done, "nothing to compare");

    let held = claimed(claims, &effect("uncompared")).await;
    assert_eq!(claims.complete(&held).await.expect("complete"), Settled::Applied);
    assert_eq!(claim(claims, &of(effect("uncompared"), "99")).await, Claim::Done, "no fingerprint is stored");

    claimed(claims, &of(effect("taken-over"), "12")).await;
    expire().await;
    let Claim::Uncertain(taken) = claim(claims, &of(effect("taken-over"), "99")).await else {
        panic!("an abandoned claim must be uncertain")
    };
    park(claims, &taken, &letter, Doubt::Uncertain).await;
    let parked = under(&taken, &letter, Doubt::Uncertain);
    assert_eq!(claim(claims, &of(effect("taken-over"), "99")).await, parked);
    assert_eq!(claim(claims, &of(effect("taken-over"), "12")).await, Claim::Conflict, "its letter is about 99");
    let (park, ann) = (ParkedUnder::from(&letter), Decider::Person("ann"));
    let resolved = claims.resolve(&taken.key, park, Decision::Repeat, ann).await.expect("resolve");
    assert_eq!(resolved, Resolved::Applied);
    let held = claimed(claims, &of(effect("taken-over"), "12")).await;
    assert_eq!(claims.complete(&held).await.expect("complete"), Settled::Applied);
    assert_eq!(claim(claims, &of(effect("taken-over"), "99")).await, Claim::Conflict);
}

async fn claim(claims: &dyn Claims, effect: &EffectId) -> Claim {
    claims.claim(effect, LEASE, OwnerToken::fresh()).await.expect("claim")
}

async fn park(claims: &dyn Claims, held: &Held, letter: &LetterId, doubt: Doubt) {
    let parked = claims.park(held, letter, doubt).await.expect("park");
    assert_eq!(parked, Settled::Applied, "also if the answer of an earlier attempt was lost");
}

fn under(held: &Held, letter: &LetterId, doubt: Doubt) -> Claim {
    Claim::Parked(Parked { letter: Some(letter.clone()), token: held.token, doubt })
}

async fn claimed(claims: &dyn Claims, effect: &EffectId) -> Held {
    match claim(claims, effect).await {
        Claim::Claimed(held) => held,
        other => panic!("a free claim was refused: {other:?}"),
    }
}

/// Runs the contract of [`DeadLetters`]; `stored` reads back the letters of an id.
///
/// # Panics
/// Where the contract is broken.
pub async fn dead_letters_contract(
    letters: &dyn DeadLetters,
    mut stored: impl AsyncFnMut(&LetterId) -> Vec<DeadLetter>,
) {
    let run = OwnerToken::fresh().to_string();
    let letter = sample_letter(&run, 7);
    letters.store(&letter).await.expect("store");
    assert_eq!(stored(&letter.id).await, vec![letter.clone()], "a letter comes back as it was stored");

    // A letter that is stored twice: the store may keep one letter or several equal ones. Readers treat letters with
    // one id as one.
    letters.store(&letter).await.expect("store");
    let twice = stored(&letter.id).await;
    assert!(
        !twice.is_empty() && twice.iter().all(|found| *found == letter),
        "letters that are stored twice have one id"
    );

    let other = sample_letter(&run, 8);
    assert_ne!(letter.id, other.id, "another offset is another letter");
    assert!(stored(&other.id).await.is_empty(), "nothing is stored under another id");

    // Stored concurrently: each letter can be read once its own call has returned.
    let many: Vec<_> = (100..140).map(|offset| sample_letter(&run, offset)).collect();
    let results = futures_util::future::join_all(many.iter().map(|letter| letters.store(letter))).await;
    for (letter, result) in many.iter().zip(results) {
        result.expect("store");
        assert_eq!(stored(&letter.id).await, vec![letter.clone()], "each letter comes back under its own id");
    }
}

/// A valid letter for partition 0 of the topic `topic`.
pub fn sample_letter(topic: &str, offset: i64) -> DeadLetter {
    let place = Place {
        topic_partition: format!("{topic}-0"),
        topic: topic.to_owned(),
        partition: 0,
        offset: Some(offset),
        timestamp: 1_795_421_347_752,
        index: 0,
    };
    DeadLetter {
        version: LETTER_VERSION,
        id: LetterId::of("contract", "arn:aws:kafka:cluster", &place),
        event_source: "aws:kafka".to_owned(),
        event_source_arn: Some("arn:aws:kafka:cluster".to_owned()),
        bootstrap_servers: None,
        place,
        raw: RawBytes {
            key: Some("AAEC".to_owned()),
            value: None,
            headers: vec![("trace".to_owned(), Some("AQ==".to_owned())), ("trace".to_owned(), None)],
            ..RawBytes::default()
        },
        key_schema: Some("id:1".to_owned()),
        value_schema: None,
        claim: None,
        error: Reason {
            code: "frame_truncated".to_owned(),
            stage: "decode".to_owned(),
            chain: vec!["the frame ends early".to_owned()],
            uncertain: false,
        },
        given_up_by: GivenUpBy {
            function: "contract".to_owned(),
            function_version: "$LATEST".to_owned(),
            request_id: "8476a536".to_owned(),
            attempt: 1,
            at_ms: 1_795_421_347_753,
        },
        redriven: None,
    }
}
