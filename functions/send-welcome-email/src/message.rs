//! Writes the welcome mail: subject, HTML body and plain text body, from an account's data.

use std::borrow::Cow;

use askama::Template;

use crate::address::Address;
use crate::language::{Language, Words};

/// A mail that is ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    /// Who gets it.
    pub to: Address,
    /// One line, without control characters.
    pub subject: String,
    /// The body for mail programs that show HTML.
    pub html: String,
    /// The body for those that don't, with the same words.
    pub text: String,
    /// The language that it is written in.
    pub language: Language,
}

/// Name of the template, for tags.
pub const TEMPLATE: &str = "welcome";

/// The recipient, from the account's data.
#[derive(Debug, Clone)]
pub struct Recipient<'a> {
    /// The address.
    pub address: Address,
    /// The name for the greeting.
    pub name: Option<Cow<'a, str>>,
    /// The account's locale, as it is stored.
    pub locale: Option<&'a str>,
}

impl Email {
    /// Writes the welcome mail of `brand` to one person.
    ///
    /// The name is text that a stranger typed into a form. Everything that could break a line or change the direction of
    /// writing is removed. If the name looks like a link or an address, the greeting omits it: nobody gets to put an
    /// advertisement into our mail.
    ///
    /// # Errors
    ///
    /// When a template cannot be rendered, which nothing in the data can cause.
    pub fn welcome(recipient: &Recipient<'_>, brand: &str) -> Result<Self, askama::Error> {
        let language = Language::for_locale(recipient.locale);
        let brand = clean(brand, MAX_BRAND).unwrap_or_default();
        let name = recipient.name.as_deref().and_then(|name| clean(name, MAX_NAME)).filter(|name| is_name(name));
        let content = Content::new(language.words(), &brand, name.as_deref());

        let html = Html { language: language.tag(), direction: language.direction(), content: &content }.render()?;
        let text = Plain { content: &content }.render()?;
        Ok(Email { to: recipient.address.clone(), subject: content.subject, html, text, language })
    }
}

const MAX_NAME: usize = 80;
const MAX_BRAND: usize = 80;

/// The words with brand and name in their places.
struct Content {
    brand: String,
    subject: String,
    preheader: String,
    greeting: String,
    opening: String,
    help: String,
    closing: String,
    signature: String,
    reason: String,
}

impl Content {
    fn new(words: &Words, brand: &str, name: Option<&str>) -> Self {
        // The name is filled in last, so that a name that contains "{brand}" is not changed.
        // "Fern & Co." ends a sentence without a second full stop.
        let stopped = brand.trim_end_matches('.');
        let fill = |text: &str| text.replace("{brand}.", &format!("{stopped}.")).replace("{brand}", brand);
        let greeting = match name {
            Some(name) => fill(words.greeting).replace("{name}", name),
            None => fill(words.greeting_without_name),
        };
        Content {
            brand: brand.to_owned(),
            subject: fill(words.subject),
            preheader: fill(words.preheader),
            greeting,
            opening: fill(words.opening),
            help: fill(words.help),
            closing: fill(words.closing),
            signature: fill(words.signature),
            reason: fill(words.reason),
        }
    }
}

#[derive(Template)]
#[template(path = "welcome.html")]
struct Html<'a> {
    language: &'static str,
    direction: &'static str,
    content: &'a Content,
}

#[derive(Template)]
#[template(path = "welcome.txt")]
struct Plain<'a> {
    content: &'a Content,
}

/// `text` as one line of visible characters, at most `max`; `None` if nothing is left.
fn clean(text: &str, max: usize) -> Option<String> {
    let spaced = text.chars().map(|c| if is_break(c) { ' ' } else { c }).filter(|c| !is_invisible(*c));
    let words = spaced.collect::<String>();
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let short = line.chars().take(max).collect::<String>();
    let short = short.trim_end();
    (!short.is_empty()).then(|| short.to_owned())
}

fn is_break(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Characters that are invisible and may change how their neighbours look: marks and
/// overrides of direction, zero-width space and no-break space, word joiner, soft hyphen, tags, the fillers of Hangul,
/// the inherent vowels of Khmer, the blank of Braille. The zero-width joiners stay; names in Persian and in several
/// Indian scripts need them.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFC}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether it has a letter or a digit, and does not look like a link.
fn is_name(name: &str) -> bool {
    name.contains(char::is_alphanumeric) && !looks_like_link(name)
}

/// Whether mail programs might make a link of it: `https://…`, `evil.com/x`, `me@evil.com`. "J.R.R. Tolkien" is not one.
fn looks_like_link(name: &str) -> bool {
    if name.contains(['/', '\\', '@', '<', '>']) || name.to_ascii_lowercase().contains("www.") {
        return true;
    }
    name.split(' ').any(|word| {
        // Mail programs treat other dots as a dot too: ideographic, fullwidth and halfwidth (IDNA 2003, 3.1), and those
        // that normalise to one.
        let mut labels = word.split(['.', '。', '．', '｡', '․', '﹒']);
        let Some(mut before) = labels.next() else { return false };
        labels.any(|label| {
            let top = label.chars().take_while(|c| c.is_alphabetic()).count();
            let is_host = top >= 2 && before.ends_with(char::is_alphanumeric) && before.chars().count() >= 2;
            before = label;
            is_host
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mail(name: Option<&str>, locale: Option<&str>) -> Email {
        let address = Address::parse("ada@example.com").unwrap();
        Email::welcome(&Recipient { address, name: name.map(Cow::Borrowed), locale }, "Fern & Co.").unwrap()
    }

    #[test]
    fn the_reader_is_greeted_by_name_in_their_language() {
        for (locale, subject, greeting) in [
            ("en-GB", "Welcome to Fern & Co.", "Hello Ada Lovelace,"),
            ("de", "Willkommen bei Fern & Co.", "Hallo Ada Lovelace,"),
            ("fr", "Bienvenue chez Fern & Co.", "Bonjour Ada Lovelace,"),
            ("es", "Te damos la bienvenida a Fern & Co.", "Hola, Ada Lovelace:"),
            ("ja", "Fern & Co. へようこそ", "Ada Lovelace 様"),
            ("cs", "Vítejte v Fern & Co.", "Dobrý den, Ada Lovelace,"),
            ("pt-BR", "Welcome to Fern & Co.", "Hello Ada Lovelace,"),
        ] {
            let mail = mail(Some("Ada Lovelace"), Some(locale));
            assert_eq!(mail.subject, subject);
            assert!(mail.text.contains(greeting), "{}", mail.text);
            assert!(mail.html.contains(greeting), "{}", mail.html);
            let lang = format!("<html lang=\"{}\" dir=\"ltr\">", mail.language.tag());
            assert!(mail.html.contains(&lang), "{lang}");
        }
    }

    #[test]
    fn a_missing_name_is_left_out_of_the_greeting() {
        for name in
            [None, Some(""), Some(" \u{200b}\r\n "), Some("\u{3164}\u{2800}\u{115F}"), Some("\u{200d}"), Some("…")]
        {
            assert!(mail(name, None).text.contains("Hello,\n"));
            assert!(mail(name, Some("ja")).text.contains("お客様\n"));
        }
    }

    #[test]
    fn html_is_escaped_and_plain_text_is_not() {
        let mail = mail(Some("<script>alert(1)</script>"), None);
        assert!(mail.text.contains("Hello,\n"), "markup does not count as a name: {}", mail.text);
        assert!(!mail.html.contains("<script"));

        let mail = self::mail(Some("Tom \"T\" O'Neil & Sons"), None);
        assert!(mail.text.contains("Hello Tom \"T\" O'Neil & Sons,"));
        assert!(mail.html.contains("Hello Tom &#34;T&#34; O&#39;Neil &#38; Sons,"), "{}", mail.html);
        assert!(mail.html.contains("Fern &#38; Co."));
        assert_eq!(mail.subject, "Welcome to Fern & Co.");
    }

    #[test]
    fn a_name_stays_on_one_line_in_its_direction() {
        for (name, greeting) in [
            ("Ada\r\nBcc: all@example.com", "Hello,"),
            ("Ada\r\n\tLovelace", "Hello Ada Lovelace,"),
            ("Ada\u{2028}Lovelace\u{0}", "Hello Ada Lovelace,"),
            ("\u{202e}ecalevoL adA\u{202c}", "Hello ecalevoL adA,"),
            ("ليلى\u{200f} حسن", "Hello ليلى حسن,"),
            ("می\u{200c}نا", "Hello می\u{200c}نا,"),
            ("{brand} {name}", "Hello {brand} {name},"),
        ] {
            assert!(mail(Some(name), None).text.contains(&format!("{greeting}\n")), "{name:?}");
        }
        let long = "x".repeat(500);
        assert!(mail(Some(&long), None).text.contains(&format!("Hello {},\n", "x".repeat(80))));
    }

    #[test]
    fn a_name_that_looks_like_a_link_is_left_out() {
        for name in [
            "Win now https://evil.example",
            "evil.com",
            "Go to evil.com!",
            "sub.evil.co.uk",
            "WWW.evil",
            "me@evil.com",
            "evil。com",
            "evil｡com",
            "evil﹒com",
            "evil\u{3164}.\u{115F}com",
            "пример.рф",
        ] {
            assert!(mail(Some(name), None).text.contains("Hello,\n"), "{name}");
        }
        for name in ["J.R.R. Tolkien", "Dr. Who", "O. Henry Jr.", "Ph.D. Smith", "José M. Ruiz"] {
            assert!(mail(Some(name), None).text.contains(&format!("Hello {name},\n")), "{name}");
        }
    }

    #[test]
    fn every_placeholder_is_filled_in_every_language() {
        for language in Language::ALL {
            for name in [Some("Ada"), None] {
                let mail = mail(name, Some(language.tag()));
                for part in [&mail.subject, &mail.text, &mail.html] {
                    assert!(!part.contains(['{', '}']) || part.contains("<style>"), "{part}");
                    assert!(!part.contains("{brand}") && !part.contains("{name}"), "{part}");
                }
                assert!(!mail.text.contains(".."), "{}", mail.text);
                assert!(mail.html.contains(language.words().preheader));
                assert!(mail.text.len() < 1_500 && mail.html.len() < 10_000);
            }
        }
    }

    proptest! {
        #[test]
        fn no_name_adds_a_line_or_an_element(name in any::<String>(), brand in any::<String>()) {
            let address = Address::parse("ada@example.com").unwrap();
            let mail = Email::welcome(&Recipient { address, name: Some(Cow::Borrowed(&name)), locale: None }, &brand).unwrap();
            let plain = self::mail(None, None);
            prop_assert!(!mail.subject.contains(is_break) && !mail.subject.contains(is_invisible));
            prop_assert_eq!(mail.text.lines().count(), plain.text.lines().count());
            prop_assert_eq!(mail.html.matches('<').count(), plain.html.matches('<').count());
        }
    }
}
