//! The Rust types that can be read: what each resolves against, and how it is read.

mod containers;
mod generic;
mod lenient;
mod logical;
mod primitives;
mod slots;
mod traits;

pub use lenient::Lenient;
pub use logical::{Decimal, DecimalBytes, Duration};
pub use traits::{AvroRead, AvroType};
