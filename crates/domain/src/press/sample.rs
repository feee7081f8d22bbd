//! Figures and words of a neutral city, for the tests beside this module.

use super::{Press, Setting};
use crate::{
    figure::{Credit, Figure, Figures, Filter, Measure, Nature, Part, Take, Version, Word},
    pack::{Level, Unit, UnitKind, Units},
    workflow::Locus,
};
use jiff::civil::{Date, date};

fn figure(code: &str, word: Word, nature: Nature, programme: &str, since: Date) -> Figure {
    let states = vec!["awarded".to_owned()];
    let measure = match nature {
        Nature::Stock => Measure::InState { states },
        Nature::Flow | Nature::Cumulative => Measure::Entered { states, take: Take::First },
    };
    let filter = Filter { programme: vec![programme.to_owned()], ..Filter::default() };
    let distinct = word.is_distinct().then(|| "contact_phone".to_owned());
    let credit = Credit::Place;
    let version = Version { number: 1, since, measure, credit, distinct, day: None, filter };
    Figure {
        code: code.to_owned(),
        name: code.to_owned(),
        en: code.to_owned(),
        note: String::new(),
        note_en: String::new(),
        word,
        nature,
        workflow: "recognition".to_owned(),
        owner: "wf".to_owned(),
        verifier: "wf".to_owned(),
        source: String::new(),
        dimensions: [].into(),
        versions: vec![version],
        at: Locus { file: "sample".into(), line: 1 },
    }
}

pub(super) fn figures() -> Figures {
    use Nature::{Cumulative, Flow, Stock};
    let since = date(2018, 1, 1);
    Figures::new([
        figure("placements", Word::PersonTime, Flow, "work", since),
        figure("girls", Word::Person, Flow, "girls", since),
        figure("disputes", Word::Matter, Flow, "disputes", since),
        figure("talks", Word::Session, Flow, "talks", since),
        figure("fund", Word::Yuan, Flow, "fund", since),
        figure("homes_new", Word::Household, Flow, "homes", since),
        figure("homes_named", Word::Household, Cumulative, "homes", since),
        figure("villages_named", Word::Thing, Cumulative, "villages", since),
        figure("villages_new", Word::Thing, Flow, "villages", since),
        figure("villages_valid", Word::Thing, Stock, "villages", since),
        figure("covered", Word::Thing, Stock, "bodies", since),
        figure("bodies", Word::Thing, Stock, "all_bodies", since),
        figure("centre_events", Word::Session, Flow, "centre", date(2023, 11, 1)),
    ])
}

pub(super) fn units() -> Units {
    let kind = UnitKind { code: "wf".to_owned(), levels: vec![Level::City], agency: false };
    let unit = Unit {
        code: "wf-9901".to_owned(),
        name: "城东区妇联".to_owned(),
        en: "Federation of East".to_owned(),
        short: "城东".to_owned(),
        short_en: "East".to_owned(),
        kind: "wf".to_owned(),
        level: Level::City,
        region: "9901".to_owned(),
        parent: None,
        agency: false,
    };
    Units::new([kind], [unit])
}

pub(super) fn press() -> Press {
    let list = |words: &str| words.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    Press {
        small_below: 5,
        hidden_width: 5,
        also: [
            (Word::Person, list("名 位")),
            (Word::Household, list("个家庭 家庭")),
            (Word::Session, list("场")),
        ]
        .into(),
        other_counting: list("对 例 批"),
        not_counted: list("个月 小时 岁"),
        hedges: list("约 近 超过 突破"),
        scales: list("万 亿 千 百 余 多 % ％"),
        cumulative: list("累计 历年 迄今"),
        until: list("截至"),
        since: list("以来 至今"),
        new: list("新增 新创建 新命名"),
        this_year: list("今年以来 今年 本年度"),
        last_year: list("去年 上年度 上年"),
        this_month: list("本月"),
        last_month: list("上月"),
        parts: [(Part::H1, list("上半年")), (Part::Q1, list("一季度 第一季度"))].into(),
        other_spans: list("近三年 前三季度"),
        comparing: list("较 比"),
        superlatives: list("首个 全国首个 唯一 率先 第一 首位"),
        not_superlatives: list("第一课堂 第一时间"),
        sentences: Vec::new(),
    }
}

/// Runs with the sample city and a release on 7 March 2024.
pub(super) fn with<T>(run: impl FnOnce(&Setting<'_>) -> T) -> T {
    let (press, figures, units) = (press(), figures(), units());
    let day = date(2024, 3, 7);
    run(&Setting { press: &press, figures: &figures, units: &units, unit: None, day })
}
