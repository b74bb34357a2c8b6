//! Holds only tests: they count per byte what the worst known schema, datum, stream, headers and error cost. See
//! `tests/costs`.
