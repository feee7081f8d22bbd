//! Why a press text cannot go out, in words: which sentence, which figure and how it is defined, what
//! would fit.

use crate::{figures::typed, page::Page};
use domain::{
    figure::Nature,
    press::{Misfit, PlaceFault, Position, Refused, Unproved, Unsayable, Why},
};

/// One reason.
pub(crate) struct RefusedView {
    /// Where in the text; empty for a claim.
    pub(crate) place: String,
    /// The sentence.
    pub(crate) sentence: String,
    /// Why.
    pub(crate) why: String,
    /// The figure and its definition.
    pub(crate) definition: String,
    /// What would fit.
    pub(crate) fits: Vec<String>,
}

/// One reason, in one line.
pub(crate) fn line(page: &Page, refused: &Refused) -> String {
    let RefusedView { place, sentence, why, .. } = view(page, refused);
    let quoted = match sentence.as_str() {
        "" => String::new(),
        sentence => page.tf("press.quoted", &[("sentence", sentence)]),
    };
    [place, quoted, why].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// One reason with everything that helps.
pub(crate) fn view(page: &Page, refused: &Refused) -> RefusedView {
    match refused {
        Refused::Unreadable(unreadable) => RefusedView {
            place: at(page, unreadable.at),
            sentence: String::new(),
            why: fault(page, &unreadable.fault),
            definition: String::new(),
            fits: Vec::new(),
        },
        Refused::Misfit(Misfit { at: place, sentence, figure, why, fits }) => RefusedView {
            place: at(page, *place),
            sentence: sentence.clone(),
            why: misfit(page, why),
            definition: definition(page, figure),
            fits: fits.clone(),
        },
        Refused::Unsayable { at: place, sentence, figure, why, fits, .. } => RefusedView {
            place: at(page, *place),
            sentence: sentence.clone(),
            why: unsayable(page, why),
            definition: definition(page, figure),
            fits: fits.iter().map(|(code, said)| format!("{code} → {said}")).collect(),
        },
        Refused::Missing { at: place, place: code, figure } => RefusedView {
            place: at(page, *place),
            sentence: format!("{{{code}}}"),
            why: page.t("press.missing").to_owned(),
            definition: definition(page, figure),
            fits: Vec::new(),
        },
        Refused::Reveals { figure } => RefusedView {
            place: String::new(),
            sentence: String::new(),
            why: page.t("press.reveals").to_owned(),
            definition: definition(page, figure),
            fits: Vec::new(),
        },
        Refused::Claim { found, why } => RefusedView {
            place: String::new(),
            sentence: found.sentence.clone(),
            why: page.tf(unproved(*why), &[("words", &found.words)]),
            definition: String::new(),
            fits: Vec::new(),
        },
    }
}

fn at(page: &Page, Position { line, column }: Position) -> String {
    page.tf("press.at", &[("line", &line.to_string()), ("column", &column.to_string())])
}

/// A figure, what it counts and how.
pub(crate) fn definition(page: &Page, code: &str) -> String {
    let Some(figure) = page.pack.figures.get(code) else { return String::new() };
    let nature = match figure.nature {
        Nature::Flow => "figures.flow",
        Nature::Stock => "figures.stock",
        Nature::Cumulative => "figures.cumulative",
    };
    let word = page.either(figure.word.text(), figure.word.english());
    let word: Vec<&str> =
        [word, typed(page, figure)].into_iter().filter(|t| !t.is_empty()).collect();
    let values = [
        ("name", page.either(&figure.name, &figure.en)),
        ("word", &word.join(page.t("list.comma"))),
        ("nature", page.t(nature)),
        ("note", page.either(&figure.note, &figure.note_en)),
    ];
    page.tf("press.definition", &values)
}

fn fault(page: &Page, fault: &PlaceFault) -> String {
    match fault {
        PlaceFault::Open => page.t("press.place.open").to_owned(),
        PlaceFault::Closed => page.t("press.place.closed").to_owned(),
        PlaceFault::Nested => page.t("press.place.nested").to_owned(),
        PlaceFault::Wide => page.t("press.place.wide").to_owned(),
        PlaceFault::Empty => page.t("press.place.empty").to_owned(),
        PlaceFault::Code(code) => page.tf("press.place.code", &[("code", code)]),
        PlaceFault::NoPeriod => page.t("press.place.no_period").to_owned(),
        PlaceFault::Period(code) => page.tf("press.place.period", &[("code", code)]),
        PlaceFault::Style(code) => page.tf("press.place.style", &[("code", code)]),
        PlaceFault::TooMuch(code) => page.tf("press.place.too_much", &[("code", code)]),
        PlaceFault::Share => page.t("press.place.share").to_owned(),
    }
}

fn misfit(page: &Page, why: &Why) -> String {
    let day = |day: &jiff::civil::Date| day.to_string();
    match why {
        Why::NoFigure(code) => page.tf("press.no_figure", &[("code", code)]),
        Why::NoUnit(code) => page.tf("press.no_unit", &[("code", code)]),
        Why::Ahead(period) => page.tf("press.ahead", &[("period", period)]),
        Why::Before(since) => page.tf("press.before", &[("since", &day(since))]),
        Why::Word { said, word } => page.tf("press.word", &[("said", said), ("word", word)]),
        Why::Outside(said) => page.tf("press.outside", &[("said", said)]),
        Why::Unlike(code) => page.tf("press.unlike", &[("code", code)]),
        Why::SoFarUnsaid => page.t("press.so_far_unsaid").to_owned(),
        Why::SoFarOfPeriod(said) => page.tf("press.so_far_of_period", &[("said", said)]),
        Why::PeriodSoFar(said) => page.tf("press.period_so_far", &[("said", said)]),
        Why::StockSoFar(said) => page.tf("press.stock_so_far", &[("said", said)]),
        Why::NotNew(said) => page.tf("press.not_new", &[("said", said)]),
        Why::OtherPeriod { said, period } => {
            page.tf("press.other_period", &[("said", said), ("period", period)])
        }
        Why::OtherStart { said, since } => {
            page.tf("press.other_start", &[("said", said), ("since", &day(since))])
        }
        Why::OtherEnd { said, last } => {
            page.tf("press.other_end", &[("said", said), ("last", &day(last))])
        }
    }
}

fn unsayable(page: &Page, why: &Unsayable) -> String {
    match why {
        Unsayable::NotOver { exact, stated } => page.tf(
            "press.not_over",
            &[("exact", &exact.to_string()), ("stated", &stated.to_string())],
        ),
        Unsayable::NotAbout { exact } => {
            page.tf("press.not_about", &[("exact", &exact.to_string())])
        }
        Unsayable::Rounded { exact, stated } => page
            .tf("press.rounded", &[("exact", &exact.to_string()), ("stated", &stated.to_string())]),
        Unsayable::BelowWan { exact } => {
            page.tf("press.below_wan", &[("exact", &exact.to_string())])
        }
        Unsayable::BelowZero => page.t("press.below_zero").to_owned(),
        Unsayable::NoWhole => page.t("press.no_whole").to_owned(),
        Unsayable::OverWhole { part, whole } => page
            .tf("press.over_whole", &[("part", &part.to_string()), ("whole", &whole.to_string())]),
        Unsayable::AllOrNone { part, whole } => page
            .tf("press.all_or_none", &[("part", &part.to_string()), ("whole", &whole.to_string())]),
        Unsayable::Withheld => page.t("press.withheld").to_owned(),
        Unsayable::OtherForm => page.t("press.place.share").to_owned(),
    }
}

fn unproved(why: Unproved) -> &'static str {
    match why {
        Unproved::Unregistered => "press.claim.unregistered",
        Unproved::Bare => "press.claim.bare",
        Unproved::NoEvidence => "press.claim.no_evidence",
        Unproved::Expired => "press.claim.expired",
        Unproved::Unchecked => "press.claim.unchecked",
        Unproved::SamePerson => "press.claim.same_person",
    }
}
