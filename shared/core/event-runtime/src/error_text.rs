//! Error texts, cut to the length that fits a log line, a dead letter or an invocation's answer.
//!
//! An error may quote its input: a schema name of a megabyte, a proxy's whole answer. Uncut, it would make a letter too
//! large for the queue, and a record whose letter cannot be stored stops its partition.

use std::error::Error;
use std::fmt;

/// The bytes kept of one error's text. The note that something was cut comes on top.
pub const MAX_ERROR_LINE: usize = 1024;

/// The bytes kept of all texts of a chain. The notes of what was cut, less than 64 bytes a line, come on top.
pub const MAX_ERROR_CHAIN: usize = 4096;

/// The maximum number of causes that are read: more than any library nests, few enough for one log line.
const MAX_CAUSES: usize = 16;

/// How many pieces of text are still counted once a line is full. An error writes a long name as one piece; one that
/// writes letter by letter is stopped.
const COUNTED_PIECES: u32 = 1024;

/// An error and its causes, outermost first: at most 17 lines of about [`MAX_ERROR_LINE`] bytes each and about
/// [`MAX_ERROR_CHAIN`] together. A line that was cut says how much is missing.
pub fn error_chain(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut chain: Vec<Line> = Vec::new();
    let mut left = MAX_ERROR_CHAIN;
    let mut next = Some(error);
    for _ in 0..MAX_CAUSES {
        let Some(error) = next.filter(|_| left > 0) else { break };
        let line = Line::of(error, left.min(MAX_ERROR_LINE));
        // Some errors print their source as well: it is not repeated.
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

/// A text for an answer or a log line: at most [`MAX_ERROR_CHAIN`] bytes of it, with a note if it was cut.
pub fn cut_text(text: &dyn fmt::Display) -> String {
    Line::of(text, MAX_ERROR_CHAIN).to_string()
}

/// The beginning of a text, and how much of it is missing.
struct Line {
    kept: String,
    room: usize,
    cut: usize,
    pieces_cut: u32,
}

impl Line {
    /// Keeps at most `room` bytes of the text.
    fn of<T: fmt::Display + ?Sized>(text: &T, room: usize) -> Self {
        let mut line = Line { kept: String::new(), room, cut: 0, pieces_cut: 0 };
        // The error only makes the text stop writing; the text before it is kept.
        let _ = fmt::write(&mut line, format_args!("{text}"));
        line
    }

    /// Whether this line contains the text that another one begins with.
    fn says(&self, other: &Line) -> bool {
        let known = match other.cut {
            0 => &*other.kept,
            // It may be cut at another place than inside this line, so half of the kept text is compared.
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

    /// An error that writes its text piece by piece.
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
    fn a_short_chain_is_kept_as_it_is() {
        let cause = Says(vec!["connection", " refused"], None);
        let error = Says(vec!["the registry did not answer"], Some(Box::new(cause)));
        assert_eq!(error_chain(&error), ["the registry did not answer", "connection refused"]);
    }

    #[test]
    fn a_cause_that_is_already_printed_is_not_repeated() {
        let cause = Says(vec!["connection refused"], None);
        let error = Says(vec!["no answer: connection refused"], Some(Box::new(cause)));
        assert_eq!(error_chain(&error), ["no answer: connection refused"]);

        let name = long("n", 1_000_000);
        let error = Says(vec!["cannot be read: ", name], Some(Box::new(Says(vec![name], None))));
        assert_eq!(error_chain(&error).len(), 1, "the same text, cut at another place");
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_how_much_is_missing() {
        let error = Says(vec!["a", long("ü", 1_200_000), "b"], None);
        let chain = error_chain(&error);
        assert_eq!(chain, [format!("a{}… (1198979 bytes cut)", "ü".repeat(511))]);
        let exact = long("x", MAX_ERROR_LINE);
        assert_eq!(error_chain(&Says(vec![exact], None)), [exact], "what fits is not cut");
        assert!(error_chain(&Says(vec![exact, "y"], None))[0].ends_with("x… (1 bytes cut)"));
    }

    #[test]
    fn a_text_that_is_written_letter_by_letter_is_stopped() {
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
