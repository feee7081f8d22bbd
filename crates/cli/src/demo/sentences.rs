//! The sentences that the city once printed, composed from the records of the demonstration: they read
//! as they were printed, or the demonstration is not the city that its pack says. Both are data.

use crate::failure::{Doing, Failure};
use domain::{
    access::Viewer,
    pack::Pack,
    press::{self, Material, Printed, Setting, Standard, Template},
};
use jiff::civil::Date;
use store::Store;

/// Composes each sentence of whose figures there are records; answers how many there were.
///
/// # Errors
/// When one of them reads otherwise than it was printed, or the store fails.
pub async fn check(store: &Store, pack: &Pack, today: Date) -> Result<usize, Failure> {
    let mut read = 0;
    for sentence in &pack.press.sentences {
        let Some(printed) = &sentence.printed else { continue };
        read += usize::from(reads(store, pack, (sentence, printed), today).await?);
    }
    Ok(read)
}

/// Whether there are records of it, which then say what was printed.
async fn reads(
    store: &Store,
    pack: &Pack,
    (sentence, printed): (&Standard, &Printed),
    today: Date,
) -> Result<bool, Failure> {
    let wrong = |how: String| {
        let (code, reads) = (&sentence.code, &printed.reads);
        Failure::Plain(format!("the sentence {code} was printed “{reads}”, and {how}"))
    };
    let (Some(top), Ok(template)) = (pack.units.top(), Template::parse(&sentence.text)) else {
        return Err(wrong("cannot be read".to_owned()));
    };
    let who = (pack, &Viewer::System);
    let numbers = store.numbers_today(who, &top.code, &template, today).await;
    let numbers = numbers.doing("counting for a sentence")?;
    if !numbers.values().any(|n| n.unknown > 0 || n.amount.is_some_and(|n| n != 0)) {
        return Ok(false);
    }
    let setting = Setting::of(pack, sentence.day);
    let material = Material { setting, numbers: &numbers, register: &[] };
    match press::compose(&sentence.text, &material) {
        Ok(now) if now.text == printed.reads => Ok(true),
        Ok(now) => Err(wrong(format!("its records say “{}”", now.text))),
        Err(refused) => {
            let why: Vec<String> = refused.iter().map(ToString::to_string).collect();
            Err(wrong(format!("is not true of its records: {}", why.join("; "))))
        }
    }
}
