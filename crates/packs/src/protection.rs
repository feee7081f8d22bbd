//! Reads from a workflow what protects people: `[contact]`, `[[reporter]]`, `[[on_grade]]`,
//! `[[milestone]]` and `[[duty]]`. Whether it hangs together is proved in `domain::soundness`.

use std::collections::BTreeMap;

use domain::{
    contact,
    duty::{Duty, When},
    milestone::MilestoneSpec,
    reporter::Apart,
    workflow::{Code, Effect, Locus, OnGrade},
};
use serde::Deserialize;

use crate::{
    document::{Document, Entry, Worded, Words},
    faults::Faults,
};

/// What a workflow says about protection.
pub(crate) struct Protection {
    pub(crate) contact: Option<contact::Fields>,
    pub(crate) reporters: Vec<Apart>,
    pub(crate) on_grade: Vec<OnGrade>,
    pub(crate) milestones: BTreeMap<Code, MilestoneSpec>,
    pub(crate) duties: Vec<Duty>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawContact {
    ways: Code,
    days: Code,
    from: Code,
    until: Code,
    none: Code,
    none_flag: Code,
    words_flag: Code,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReporter {
    field: Code,
    values: Vec<Code>,
    keeps: Vec<Code>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOnGrade {
    grade: Code,
    effects: Vec<Effect>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMilestone {
    name: String,
    #[serde(default)]
    en: String,
    issued: Code,
    expires: Code,
    alarms: Vec<u16>,
    message: Code,
    task: Option<Code>,
    clock: Option<Code>,
    breach: Option<Code>,
    longest_days: Option<u32>,
}

impl Worded for RawMilestone {
    const WORDS: Words = &[("name", "en")];
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDuty {
    name: String,
    #[serde(default)]
    en: String,
    #[serde(default)]
    help: String,
    #[serde(default)]
    help_en: String,
    when: Vec<When>,
    before: Vec<Code>,
    met_by: Vec<Code>,
    clock: Code,
    message: Option<Code>,
}

impl Worded for RawDuty {
    const WORDS: Words = &[("name", "en"), ("help", "help_en")];
}

/// Takes the pieces out of the file of a workflow.
pub(crate) fn read(document: &mut Document<'_>, faults: &mut Faults) -> Protection {
    let reporters = document.plain::<RawReporter>("reporter", faults);
    let on_grade = document.plain::<RawOnGrade>("on_grade", faults);
    let milestones = document.list::<RawMilestone>("milestone", faults);
    let duties = document.list::<RawDuty>("duty", faults);
    let milestones = milestones.into_iter().map(milestone);
    Protection {
        contact: document.one::<RawContact>("contact", faults).map(plan),
        reporters: reporters
            .into_iter()
            .map(|(at, RawReporter { field, values, keeps })| Apart { field, values, keeps, at })
            .collect(),
        on_grade: on_grade
            .into_iter()
            .map(|(at, RawOnGrade { grade, effects })| OnGrade { grade, effects, at })
            .collect(),
        milestones: milestones.map(|m| (m.code.clone(), m)).collect(),
        duties: duties.into_iter().map(duty).collect(),
    }
}

fn plan((at, raw): (Locus, RawContact)) -> contact::Fields {
    let RawContact { ways, days, from, until, none, none_flag, words_flag } = raw;
    contact::Fields { ways, days, from, until, none, none_flag, words_flag, at }
}

fn milestone(entry: Entry<RawMilestone>) -> MilestoneSpec {
    let Entry { code, at, value: raw } = entry;
    MilestoneSpec {
        code,
        name: raw.name,
        en: raw.en,
        issued: raw.issued,
        expires: raw.expires,
        alarms: raw.alarms,
        message: raw.message,
        task: raw.task,
        clock: raw.clock,
        breach: raw.breach,
        longest_days: raw.longest_days,
        at,
    }
}

fn duty(entry: Entry<RawDuty>) -> Duty {
    let Entry { code, at, value: raw } = entry;
    Duty {
        code,
        name: raw.name,
        en: raw.en,
        help: raw.help,
        help_en: raw.help_en,
        when: raw.when,
        before: raw.before,
        met_by: raw.met_by,
        clock: raw.clock,
        message: raw.message,
        at,
    }
}
