//! `publish-profile-updates`, the real binary, against a fake of the API: crashes, faults and concurrent runs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

mod bad_pages;
mod crashes;
mod feed;
mod item_formats;
mod schemas;
mod secrets;
mod stage;
