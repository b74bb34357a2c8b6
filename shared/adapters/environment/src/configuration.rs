//! What the derive macro `Config` writes, and what a field of such a configuration may hold.

use jiff::Timestamp;
use topic_names::KafkaTopic;

use crate::kind::Kind;
use crate::kinds::{boolean, number, secret, text, time, topic};
use crate::reader::Reader;
use crate::resource::{Bucket, Queue, Table, bucket, queue, table};
use crate::secrets::Secret;

/// A configuration that reads itself from variables.
///
/// ```
/// use environment::{Configuration, Env, FromVariable, Reader};
///
/// struct Config {
///     table: String,
/// }
///
/// impl Configuration for Config {
///     fn read(env: &mut Reader<'_>) -> Self {
///         Config { table: env.required("ORDERS_TABLE", "Table of the orders.", String::kind()) }
///     }
/// }
///
/// let config = Env::from_pairs([("ORDERS_TABLE", "orders")]).read(Config::read)?;
/// assert_eq!(config.table, "orders");
/// # Ok::<(), environment::Problems>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a configuration",
    label = "not a configuration",
    note = "a configuration is a struct with `#[derive(Config)]`; a function without variables writes `|_: &(), aws|`"
)]
pub trait Configuration: Sized + 'static {
    /// Reads the variables. The reader collects the problems, so that they are all reported together.
    fn read(env: &mut Reader<'_>) -> Self;
}

/// No variables.
impl Configuration for () {
    fn read(_: &mut Reader<'_>) -> Self {}
}

/// A type that says by itself which values a variable may have.
///
/// Implement it for a type of your own by [`parsed`](crate::parsed).
#[diagnostic::on_unimplemented(
    message = "a variable cannot hold `{Self}` by itself",
    label = "this type does not say which values its variable may have",
    note = "types that do: `String`, `bool`, `u16`, `u32`, `u64`, `usize`, `i64`, `Timestamp`, `KafkaTopic`, `Secret`, `Table`, `Queue`, `Bucket`, and `Option` of these",
    note = "any other type is given its kind with the variable's name, such as `milliseconds(1..=60_000)` or `one_of([…])`, or implements `FromVariable`"
)]
pub trait FromVariable: Sized {
    /// The values that a variable of this type may have.
    fn kind() -> Kind<Self>;
}

macro_rules! from_variable {
    ($($holds:ty => $kind:expr;)*) => { $(
        impl FromVariable for $holds {
            fn kind() -> Kind<Self> {
                $kind
            }
        }
    )* };
}

from_variable! {
    String => text();
    bool => boolean();
    u16 => number(u16::MIN..=u16::MAX).example("1");
    u32 => number(u32::MIN..=u32::MAX).example("1");
    u64 => number(u64::MIN..=u64::MAX).example("1");
    usize => number(usize::MIN..=usize::MAX).example("1");
    i64 => number(i64::MIN..=i64::MAX).example("1");
    Timestamp => time();
    KafkaTopic => topic();
    Secret => secret();
    Table => table();
    Queue => queue();
    Bucket => bucket();
}
