//! The languages of the mails, with the text of each.

/// A language that mails are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English, the default.
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
    /// Japanese.
    Japanese,
    /// Czech.
    Czech,
}

impl Language {
    /// All of them.
    pub const ALL: [Language; 6] =
        [Language::English, Language::German, Language::French, Language::Spanish, Language::Japanese, Language::Czech];

    /// The language for a locale as accounts hold it: a BCP 47 tag (`de-AT`), also with an underscore and a charset
    /// (`de_AT.UTF-8`). Only the primary subtag decides. Locales that are missing, malformed or in another language get
    /// English.
    pub fn for_locale(locale: Option<&str>) -> Self {
        let primary = locale.unwrap_or_default().trim().split(['-', '_', '.', '@']).next().unwrap_or_default();
        let matches = |language: &Language| language.tag().eq_ignore_ascii_case(primary);
        Language::ALL.into_iter().find(matches).unwrap_or(Language::English)
    }

    /// The BCP 47 tag, for `lang` and for tags of a mail.
    pub fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::German => "de",
            Language::French => "fr",
            Language::Spanish => "es",
            Language::Japanese => "ja",
            Language::Czech => "cs",
        }
    }

    /// The direction of writing, for `dir`.
    pub fn direction(self) -> &'static str {
        match self {
            Language::English
            | Language::German
            | Language::French
            | Language::Spanish
            | Language::Japanese
            | Language::Czech => "ltr",
        }
    }

    pub(crate) fn words(self) -> &'static Words {
        match self {
            Language::English => &ENGLISH,
            Language::German => &GERMAN,
            Language::French => &FRENCH,
            Language::Spanish => &SPANISH,
            Language::Japanese => &JAPANESE,
            Language::Czech => &CZECH,
        }
    }
}

/// The texts of a welcome mail. `{brand}` and `{name}` stand for the sender's and the reader's name.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) subject: &'static str,
    /// What mail programs show beside the subject.
    pub(crate) preheader: &'static str,
    pub(crate) greeting: &'static str,
    pub(crate) greeting_without_name: &'static str,
    pub(crate) opening: &'static str,
    pub(crate) help: &'static str,
    pub(crate) closing: &'static str,
    pub(crate) signature: &'static str,
    /// Why the reader gets this mail.
    pub(crate) reason: &'static str,
}

static ENGLISH: Words = Words {
    subject: "Welcome to {brand}",
    preheader: "Your account is ready.",
    greeting: "Hello {name},",
    greeting_without_name: "Hello,",
    opening: "Thank you for joining {brand}. Your account is ready, and you can use it right away.",
    help: "If you have a question or something does not work, just reply to this email. A person will read it.",
    closing: "We are glad that you are here.",
    signature: "The {brand} team",
    reason: "You receive this email once, because an account at {brand} was created with this address. If that was not you, please let us know.",
};

static GERMAN: Words = Words {
    subject: "Willkommen bei {brand}",
    preheader: "Ihr Konto ist bereit.",
    greeting: "Hallo {name},",
    greeting_without_name: "Hallo,",
    opening: "vielen Dank für Ihre Anmeldung bei {brand}. Ihr Konto ist eingerichtet, Sie können es sofort nutzen.",
    help: "Haben Sie eine Frage oder klappt etwas nicht? Antworten Sie einfach auf diese E-Mail. Ein Mensch wird sie lesen.",
    closing: "Schön, dass Sie da sind.",
    signature: "Ihr Team von {brand}",
    reason: "Sie erhalten diese E-Mail einmalig, weil mit dieser Adresse ein Konto bei {brand} angelegt wurde. Falls Sie das nicht waren, geben Sie uns bitte Bescheid.",
};

static FRENCH: Words = Words {
    subject: "Bienvenue chez {brand}",
    preheader: "Votre compte est prêt.",
    greeting: "Bonjour {name},",
    greeting_without_name: "Bonjour,",
    opening: "merci d’avoir rejoint {brand}. Votre compte est prêt, vous pouvez l’utiliser dès maintenant.",
    help: "Une question, un souci ? Répondez simplement à cet e-mail : une vraie personne vous lira.",
    closing: "Nous sommes heureux de vous compter parmi nous.",
    signature: "L’équipe {brand}",
    reason: "Vous recevez cet e-mail une seule fois, car un compte {brand} a été créé avec cette adresse. Si ce n’était pas vous, merci de nous le signaler.",
};

static SPANISH: Words = Words {
    subject: "Te damos la bienvenida a {brand}",
    preheader: "Tu cuenta está lista.",
    greeting: "Hola, {name}:",
    greeting_without_name: "Hola:",
    opening: "Gracias por unirte a {brand}. Tu cuenta está lista y puedes usarla desde ahora mismo.",
    help: "Si tienes alguna pregunta o algo no funciona, responde a este correo. Lo leerá una persona.",
    closing: "Nos alegra que estés aquí.",
    signature: "El equipo de {brand}",
    reason: "Recibes este correo una sola vez porque se creó una cuenta de {brand} con esta dirección. Si no fuiste tú, avísanos, por favor.",
};

static JAPANESE: Words = Words {
    subject: "{brand} へようこそ",
    preheader: "アカウントの準備ができました。",
    greeting: "{name} 様",
    greeting_without_name: "お客様",
    opening: "{brand} にご登録いただき、ありがとうございます。アカウントの準備ができました。すぐにご利用いただけます。",
    help: "ご不明な点や不具合がございましたら、このメールにそのままご返信ください。担当者が拝見します。",
    closing: "今後ともよろしくお願いいたします。",
    signature: "{brand} 一同",
    reason: "このメールは、このアドレスで {brand} のアカウントが作成されたため、一度だけお送りしています。お心当たりのない場合は、お手数ですがご連絡ください。",
};

static CZECH: Words = Words {
    subject: "Vítejte v {brand}",
    preheader: "Váš účet je připraven.",
    greeting: "Dobrý den, {name},",
    greeting_without_name: "Dobrý den,",
    opening: "děkujeme za registraci v {brand}. Váš účet je připraven a můžete ho hned začít používat.",
    help: "Máte otázku, nebo vám něco nefunguje? Stačí odpovědět na tento e-mail. Přečte si ho člověk.",
    closing: "Jsme rádi, že jste s námi.",
    signature: "Tým {brand}",
    reason: "Tento e-mail dostáváte jednorázově, protože byl s touto adresou založen účet v {brand}. Pokud jste to nebyli vy, dejte nám prosím vědět.",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_primary_subtag_decides() {
        for (locale, tag) in [
            ("de", "de"),
            ("de-AT", "de"),
            ("DE_ch.UTF-8", "de"),
            (" fr-CA", "fr"),
            ("es-419", "es"),
            ("ja-JP-u-ca-japanese", "ja"),
            ("cs-CZ", "cs"),
            ("en-GB", "en"),
            ("pt-BR", "en"),
            ("deu", "en"),
            ("d", "en"),
            ("", "en"),
            ("😀", "en"),
        ] {
            assert_eq!(Language::for_locale(Some(locale)).tag(), tag, "{locale}");
        }
        assert_eq!(Language::for_locale(None), Language::English);
    }
}
