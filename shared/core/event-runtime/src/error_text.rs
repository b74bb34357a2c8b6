//! Errors as text, cut to what a log line, a dead letter and an invocation's answer have room for.
//!
//! An error may quote what it was given: a name of a megabyte out of a schema, the whole answer of a proxy. Uncut it
//! would make a letter that no queue takes, and a record whose letter cannot be stored stops its partition.

use std::error::Error;
use std::fmt;

/// What is kept of one error's text, in bytes. The mark that something was cut comes on top.
pub const MAX_ERROR_LINE: usize = 1024;

/// What is kept of a whole chain's texts, in bytes. Their marks, less than 64 bytes a line, come on top.
pub const MAX_ERROR_CHAIN: usize = 4096;

/// Causes that are looked at: more than any library nests, few enough for one log line.
const MAX_CAUSES: usize = 16;

/// Pieces of text that are still counted once a line is full. An error that writes a long name writes it as one piece;
/// one that writes letter by letter is stopped.
const COUNTED_PIECES: u32 = 1024;

/// An error and what caused it, outermost first: at most 17 lines of about [`MAX_ERROR_LINE`] bytes and about
/// [`MAX_ERROR_CHAIN`] together, whatever the errors say. Where text is left out, the line says how much.
pub fn error_chain(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut chain: Vec<Line> = Vec::new();
    let mut left = MAX_ERROR_CHAIN;
    let mut next = Some(error);
    for _ in 0..MAX_CAUSES {
        let Some(error) = next.filter(|_| left > 0) else { break };
        let line = Line::of(error, left.min(MAX_ERROR_LINE));
        // Some errors print their source as well; saying it twice helps nobody.
        if !chain.iter().any(|said| said.says(&line)) {
            left -= line.kept.len();
            chain.push(line);
        }
        next = error.source();
    }
    let mut chain: Vec<String> = chain.into_iter().map(|line| line.to_string()).collect();
    if next.is_some() {
        chain.push("… (further causes cut)".to_owned());
    }
    chain
}

/// A text for an answer or a log line, at most [`MAX_ERROR_CHAIN`] bytes of it, and a mark where it is cut.
pub fn cut_text(text: &dyn fmt::Display) -> String {
    Line::of(text, MAX_ERROR_CHAIN).to_string()
}

/// The beginning of a text, and how much is missing.
struct Line {
    kept: String,
    room: usize,
    cut: usize,
    pieces_cut: u32,
}

impl Line {
    /// Writes no more than `room` bytes, however much there is.
    fn of<T: fmt::Display + ?Sized>(text: &T, room: usize) -> Self {
        let mut line = Line { kept: String::new(), room, cut: 0, pieces_cut: 0 };
        // An error is how the text is told that there is no more room. What it had to say before is there.
        let _ = fmt::write(&mut line, format_args!("{text}"));
        line
    }

    /// Whether this line has said what another one begins with.
    fn says(&self, other: &Line) -> bool {
        let known = match other.cut {
            0 => &*other.kept,
            // Cut elsewhere than it was in here: half of what was kept of it is telling enough.
            _ => other.kept.get(..other.kept.floor_char_boundary(other.kept.len() / 2)).unwrap_or_default(),
        };
        self.kept.contains(known)
    }
}

impl fmt::Write for Line {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        if self.cut == 0 {
            let fits = piece.floor_char_boundary(self.room - self.kept.len());
            let (fits, rest) = piece.split_at(fits);
            self.kept.push_str(fits);
            self.cut = rest.len();
            return Ok(());
        }
        self.cut += piece.len();
        self.pieces_cut += 1;
        if self.pieces_cut < COUNTED_PIECES { Ok(()) } else { Err(fmt::Error) }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kept)?;
        match self.cut {
            0 => Ok(()),
            cut if self.pieces_cut < COUNTED_PIECES => write!(f, "… ({cut} bytes cut)"),
            cut => write!(f, "… (more than {cut} bytes cut)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says its text, piece by piece.
    #[derive(Debug)]
    struct Says(Vec<&'static str>, Option<Box<Says>>);

    impl fmt::Display for Says {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.iter().try_for_each(|piece| f.write_str(piece))
        }
    }

    impl Error for Says {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|cause| cause as _)
        }
    }

    fn long(text: &str, bytes: usize) -> &'static str {
        text.repeat(bytes / text.len()).leak()
    }

    #[test]
    fn a_short_chain_is_told_as_it_is() {
        let cause = Says(vec!["connection", " refused"], None);
        let error = Says(vec!["the registry did not answer"], Some(Box::new(cause)));
        assert_eq!(error_chain(&error), ["the registry did not answer", "connection refused"]);
    }

    #[test]
    fn a_cause_that_is_printed_already_is_not_told_again() {
        let cause = Says(vec!["connection refused"], None);
        let error = Says(vec!["no answer: connection refused"], Some(Box::new(cause)));
        assert_eq!(error_chain(&error), ["no answer: connection refused"]);

        let name = long("n", 1_000_000);
        let error = Says(vec!["cannot be read: ", name], Some(Box::new(Says(vec![name], None))));
        assert_eq!(error_chain(&error).len(), 1, "cut at another place, it is the same text");
    }

    #[test]
    fn a_long_text_is_cut_between_two_characters_and_says_how_much_is_missing() {
        let error = Says(vec!["a", long("ü", 1_200_000), "b"], None);
        let chain = error_chain(&error);
        assert_eq!(chain, [format!("a{}… (1198979 bytes cut)", "ü".repeat(511))]);
        let exact = long("x", MAX_ERROR_LINE);
        assert_eq!(error_chain(&Says(vec![exact], None)), [exact], "what fits is not cut");
        assert!(error_chain(&Says(vec![exact, "y"], None))[0].ends_with("x… (1 bytes cut)"));
    }

    #[test]
    fn a_text_that_comes_letter_by_letter_is_stopped() {
        let error = Says(vec!["é"; 100_000], None);
        assert_eq!(error_chain(&error), [format!("{}… (more than 2050 bytes cut)", "é".repeat(512))]);
    }

    #[test]
    fn many_causes_are_cut_in_number_and_in_sum() {
        let nested = |levels: usize, text: fn(usize) -> &'static str| {
            (0..levels).fold(None, |cause, level| Some(Box::new(Says(vec![text(level)], cause)))).unwrap()
        };
        let short = error_chain(&*nested(1000, |level| level.to_string().leak()));
        assert_eq!((short.len(), short[16].as_str()), (17, "… (further causes cut)"));

        let wide = error_chain(&*nested(20, |level| format!("{level} {}", "w".repeat(100_000)).leak()));
        let bytes = wide.iter().map(String::len).sum::<usize>();
        assert!(wide.len() <= 6 && bytes < MAX_ERROR_CHAIN + 6 * 64, "{} lines, {bytes} bytes", wide.len());
    }

    #[test]
    fn a_text_for_an_answer_is_cut_as_a_whole() {
        assert_eq!(cut_text(&"short"), "short");
        let cut = cut_text(&long("z", 5_000));
        assert_eq!(cut, format!("{}… (904 bytes cut)", "z".repeat(MAX_ERROR_CHAIN)));
    }
}
