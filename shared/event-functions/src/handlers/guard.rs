//! What keeps an effect from happening twice, as a type: it decides whether a function needs a table of claims.

use std::marker::PhantomData;

use event_runtime::WhenUncertain;

/// What keeps an effect from happening twice: [`Conditional`], or [`Claimed`] with what becomes of an uncertain one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not keep an effect from happening twice",
    label = "not a guard",
    note = "write `type Guard = Conditional;` for an effect whose own condition refuses a repetition, or `type Guard = Claimed<Park>;` for one that has none"
)]
pub trait Guard: Send + Sync + 'static {
    /// What becomes of an uncertain effect; `None` where none can be uncertain.
    const WHEN_UNCERTAIN: Option<WhenUncertain>;
    /// Its name in the manifest.
    const NAME: &'static str;
}

/// The effect's own condition refuses a repetition, such as "strictly newer than the stored version".
#[derive(Debug)]
pub struct Conditional;

impl Guard for Conditional {
    const WHEN_UNCERTAIN: Option<WhenUncertain> = None;
    const NAME: &'static str = "conditional";
}

/// The effect cannot be made conditional, so it runs under a claim in DynamoDB. Its parameter says what becomes of an effect of
/// which nobody knows whether it happened: [`Park`] or [`Repeat`].
// The parameter's name stands in the compiler's answer to `Claimed` alone.
#[derive(Debug)]
pub struct Claimed<ParkOrRepeat>(PhantomData<fn() -> ParkOrRepeat>);

impl<U: Uncertain> Guard for Claimed<U> {
    const WHEN_UNCERTAIN: Option<WhenUncertain> = Some(U::THEN);
    const NAME: &'static str = U::NAME;
}

/// What becomes of an effect of which nobody knows whether it happened.
#[diagnostic::on_unimplemented(
    message = "`Claimed` needs to know what becomes of an effect of which nobody knows whether it happened",
    label = "neither `Park` nor `Repeat`",
    note = "`Claimed<Park>`: it waits for a person's decision; `Claimed<Repeat>`: it may happen twice"
)]
pub trait Uncertain: Send + Sync + 'static {
    /// For the runtime.
    const THEN: WhenUncertain;
    /// For the manifest.
    const NAME: &'static str;
}

/// An uncertain effect is dead-lettered and its claim parked: a person decides.
#[derive(Debug)]
pub struct Park;

/// An uncertain effect is repeated: it may happen twice.
#[derive(Debug)]
pub struct Repeat;

impl Uncertain for Park {
    const THEN: WhenUncertain = WhenUncertain::Park;
    const NAME: &'static str = "claimed_park";
}

impl Uncertain for Repeat {
    const THEN: WhenUncertain = WhenUncertain::Repeat;
    const NAME: &'static str = "claimed_repeat";
}
