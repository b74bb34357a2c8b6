//! The rules one by one, each with what shows when it is removed; and what holds for all of them together.

mod any_answers;
mod each_rule;
mod world;
