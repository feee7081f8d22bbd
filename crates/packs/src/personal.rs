//! Reads what the city owes the people whose data it holds: `rights.toml` (who answers requests,
//! how fast, on which grounds), `retention.toml` (how long cases are kept) and `processing.toml`
//! (the register). Checks that each is whole; what the rules mean is decided in `domain`.

use domain::{
    clock::Span,
    pack::{Ground, ImpactAssessment, Pack, Processing, Purpose},
    retention::{Keep, Retention},
    rights::{Basis, Policy, Right},
    workflow::{Code, Locus},
};
use jiff::civil::Date;
use serde::Deserialize;
use toml::value::Datetime;

use crate::{
    document::{Document, Entry, Worded, Words, lay},
    faults::Faults,
    folder::Folders,
};

/// What was read, with the places for faults that show only when all of the pack is known.
pub(crate) struct Personal {
    pub(crate) rights: Policy,
    pub(crate) retention: Retention,
    pub(crate) processing: Processing,
    rights_at: Locus,
    retention_at: Locus,
    processing_at: Locus,
    bases_at: Vec<Locus>,
    rules_at: Vec<Locus>,
    purposes_at: Vec<Locus>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRights {
    span: Option<Span>,
    takes: Option<Vec<Code>>,
    answers: Option<Vec<Code>>,
    approves: Option<Vec<Code>>,
    holds: Option<Vec<Code>>,
    page_days: Option<u16>,
}

impl Worded for RawRights {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBasis {
    name: String,
    #[serde(default)]
    en: String,
    #[serde(default)]
    refuses: Vec<Right>,
    #[serde(default)]
    holds: bool,
}

impl Worded for RawBasis {
    const WORDS: Words = &[("name", "en")];
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRetention {
    drafts_days: Option<u16>,
    deeds_years: Option<u16>,
    sessions_hours: Option<u16>,
}

impl Worded for RawRetention {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawChild {
    field: Code,
    values: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKeep {
    name: String,
    #[serde(default)]
    en: String,
    why: String,
    #[serde(default)]
    why_en: String,
    #[serde(default)]
    category: Vec<Code>,
    sensitive: Option<bool>,
    child: Option<bool>,
    years: u16,
}

impl Worded for RawKeep {
    const WORDS: Words = &[("name", "en"), ("why", "why_en")];
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPurpose {
    name: String,
    #[serde(default)]
    en: String,
    purpose: String,
    #[serde(default)]
    purpose_en: String,
    ground: Ground,
    law: String,
    #[serde(default)]
    law_en: String,
    data: String,
    #[serde(default)]
    data_en: String,
    sensitive: bool,
    recipients: String,
    #[serde(default)]
    recipients_en: String,
    retention: Vec<Code>,
    workflows: Vec<Code>,
    assessment: RawAssessment,
}

impl Worded for RawPurpose {
    const WORDS: Words = &[
        ("name", "en"),
        ("purpose", "purpose_en"),
        ("law", "law_en"),
        ("data", "data_en"),
        ("recipients", "recipients_en"),
        ("result", "result_en"),
    ];
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAssessment {
    date: Datetime,
    role: Code,
    result: String,
    #[serde(default)]
    result_en: String,
}

/// Reads the three files.
pub(crate) fn read(folders: &Folders, faults: &mut Faults) -> Personal {
    let mut personal = Personal {
        rights: Policy::default(),
        retention: Retention::default(),
        processing: Processing::default(),
        rights_at: folders.missing("rights.toml"),
        retention_at: folders.missing("retention.toml"),
        processing_at: folders.missing("processing.toml"),
        bases_at: Vec::new(),
        rules_at: Vec::new(),
        purposes_at: Vec::new(),
    };
    rights(folders, &mut personal, faults);
    retention(folders, &mut personal, faults);
    processing(folders, &mut personal, faults);
    personal
}

fn rights(folders: &Folders, personal: &mut Personal, faults: &mut Faults) {
    let mut bases: Vec<Entry<RawBasis>> = Vec::new();
    for file in folders.needed("rights.toml", faults) {
        personal.rights_at = file.line(1);
        let Some(mut document) = Document::parse(&file, faults) else { continue };
        let found = document.list::<RawBasis>("basis", faults);
        lay(&mut bases, found);
        let Some(raw) = document.rest::<RawRights>(faults) else { continue };
        let policy = &mut personal.rights;
        policy.span = raw.span.or(policy.span);
        policy.page_days = raw.page_days.unwrap_or(policy.page_days);
        for (own, given) in [
            (&mut policy.takes, raw.takes),
            (&mut policy.answers, raw.answers),
            (&mut policy.approves, raw.approves),
            (&mut policy.holds, raw.holds),
        ] {
            *own = given.unwrap_or_else(|| std::mem::take(own));
        }
    }
    for Entry { code, at, value: raw } in bases {
        let RawBasis { name, en, refuses, holds } = raw;
        personal.rights.bases.push(Basis { code, name, en, refuses, holds });
        personal.bases_at.push(at);
    }
}

fn retention(folders: &Folders, personal: &mut Personal, faults: &mut Faults) {
    let mut rules: Vec<Entry<RawKeep>> = Vec::new();
    for file in folders.needed("retention.toml", faults) {
        personal.retention_at = file.line(1);
        let Some(mut document) = Document::parse(&file, faults) else { continue };
        // A city's own rules come before those of the base, because the first that fits decides.
        let mut first = Vec::new();
        for entry in document.list::<RawKeep>("rule", faults) {
            match rules.iter_mut().find(|r| r.code == entry.code) {
                Some(old) => *old = entry,
                None => first.push(entry),
            }
        }
        first.append(&mut rules);
        rules = first;
        if let Some((_, child)) = document.one::<RawChild>("child", faults) {
            personal.retention.child = Some((child.field, child.values));
        }
        let Some(raw) = document.rest::<RawRetention>(faults) else { continue };
        let keep = &mut personal.retention;
        for (own, given) in [
            (&mut keep.drafts_days, raw.drafts_days),
            (&mut keep.deeds_years, raw.deeds_years),
            (&mut keep.sessions_hours, raw.sessions_hours),
        ] {
            *own = given.unwrap_or(*own);
        }
    }
    for Entry { code, at, value: raw } in rules {
        let RawKeep { name, en, why, why_en, category, sensitive, child, years } = raw;
        let keep = Keep { code, name, en, why, why_en, category, sensitive, child, years };
        personal.retention.rules.push(keep);
        personal.rules_at.push(at);
    }
}

fn processing(folders: &Folders, personal: &mut Personal, faults: &mut Faults) {
    let mut purposes: Vec<Entry<RawPurpose>> = Vec::new();
    for file in folders.needed("processing.toml", faults) {
        personal.processing_at = file.line(1);
        let Some(mut document) = Document::parse(&file, faults) else { continue };
        let found = document.list::<RawPurpose>("purpose", faults);
        document.end(faults);
        lay(&mut purposes, found);
    }
    for Entry { code, at, value: raw } in purposes {
        let RawAssessment { date, role, result, result_en } = raw.assessment;
        let Some(date) = day(&date) else {
            let what = format!("the assessment of `{code}` has no day");
            faults.add(&at, what, "write date = 2026-06-15");
            continue;
        };
        personal.processing.purposes.push(Purpose {
            code,
            name: raw.name,
            en: raw.en,
            purpose: raw.purpose,
            purpose_en: raw.purpose_en,
            ground: raw.ground,
            law: raw.law,
            law_en: raw.law_en,
            data: raw.data,
            data_en: raw.data_en,
            sensitive: raw.sensitive,
            recipients: raw.recipients,
            recipients_en: raw.recipients_en,
            retention: raw.retention,
            workflows: raw.workflows,
            assessment: ImpactAssessment { date, role, result, result_en },
        });
        personal.purposes_at.push(at);
    }
}

fn day(written: &Datetime) -> Option<Date> {
    let date = written.date?;
    let (month, day) = (i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?);
    Date::new(i16::try_from(date.year).ok()?, month, day).ok()
}

impl Personal {
    /// What must hold between these files and the rest of the pack.
    pub(crate) fn check(&self, pack: &Pack, faults: &mut Faults) {
        self.check_rights(pack, faults);
        self.check_retention(pack, faults);
        self.check_processing(pack, faults);
    }

    fn check_rights(&self, pack: &Pack, faults: &mut Faults) {
        let (policy, at) = (&pack.rights, &self.rights_at);
        if policy.span.is_none() {
            faults.add(at, "there is no time for an answer", "add span = \"15wd\"");
        }
        let top = pack.units.top();
        for (key, roles) in [
            ("takes", &policy.takes),
            ("answers", &policy.answers),
            ("approves", &policy.approves),
            ("holds", &policy.holds),
        ] {
            for role in roles {
                faults.known(at, pack.roles.contains_key(role), "role", role);
            }
            if roles.is_empty() {
                let advice = format!("add {key} = [\"…\"] with at least one role");
                faults.add(at, format!("`{key}` names no role"), advice);
            } else if key != "takes"
                && top.is_some_and(|top| !roles.iter().any(|r| pack.can_hold(r, top)))
            {
                let what = format!("nobody in the top unit can hold a role of `{key}`");
                let advice = "name a role of the city level; every case lies below its unit";
                faults.add(at, what, advice);
            }
        }
        for (basis, at) in policy.bases.iter().zip(&self.bases_at) {
            if basis.refuses.is_empty() && !basis.holds {
                let what = format!("the basis `{}` carries nothing", basis.code);
                faults.add(at, what, "add refuses = [\"erase\"] or holds = true");
            }
        }
        for right in Right::ALL {
            if !policy.bases.iter().any(|b| b.refuses.contains(&right)) {
                let what = format!("no basis lets `{}` be refused", right.code());
                let advice = "add it to refuses of a [[basis]]; a refusal names its ground";
                faults.add(at, what, advice);
            }
        }
        if !policy.bases.iter().any(|b| b.holds) {
            let advice = "add holds = true to a [[basis]]";
            faults.add(at, "no basis carries a legal hold", advice);
        }
    }

    fn check_retention(&self, pack: &Pack, faults: &mut Faults) {
        let (keep, at) = (&pack.retention, &self.retention_at);
        for (rule, at) in keep.rules.iter().zip(&self.rules_at) {
            for category in &rule.category {
                let ok = pack.categories.keys().any(|c| c.starts_with(category.as_str()));
                faults.known(at, ok, "category", category);
            }
            if !(1..=100).contains(&rule.years) {
                let what = format!("the rule `{}` keeps for {} years", rule.code, rule.years);
                faults.add(at, what, "write years from 1 to 100");
            }
            if rule.child.is_some() && keep.child.is_none() {
                let what =
                    format!("the rule `{}` asks for children, and no field tells", rule.code);
                faults.add(at, what, "add [child] with field and values");
            }
        }
        let whole = |rule: &Keep| {
            rule.category.is_empty() && rule.sensitive.is_none() && rule.child.is_none()
        };
        match keep.rules.last().zip(self.rules_at.last()) {
            Some((last, at)) if !whole(last) => {
                let what = format!("the last rule `{}` does not fit every case", last.code);
                let advice = "end with a rule without category, sensitive and child";
                faults.add(at, what, advice);
            }
            None => faults.add(at, "no rule says how long cases are kept", "add a [[rule]]"),
            Some(_) => {}
        }
        if let Some((field, values)) = &keep.child {
            let fields = || pack.workflows.values().filter_map(|w| w.fields.get(field));
            faults.known(at, fields().next().is_some(), "field", field);
            for value in values {
                let ok = fields().any(|f| f.kind.offers(value));
                faults.known(at, ok, "value", value);
            }
        }
        for (key, ok, advice) in [
            ("drafts_days", (1..=7).contains(&keep.drafts_days), "write 1 to 7"),
            ("deeds_years", keep.deeds_years >= 3, "write 3 or more (article 56)"),
            ("sessions_hours", (1..=24).contains(&keep.sessions_hours), "write 1 to 24"),
        ] {
            if !ok {
                faults.add(at, format!("`{key}` is missing or out of bounds"), advice);
            }
        }
    }

    fn check_processing(&self, pack: &Pack, faults: &mut Faults) {
        for (purpose, at) in pack.processing.purposes.iter().zip(&self.purposes_at) {
            for flow in &purpose.workflows {
                faults.known(at, pack.workflows.contains_key(flow), "workflow", flow);
            }
            for rule in &purpose.retention {
                let ok = pack.retention.rules.iter().any(|r| r.code == *rule);
                faults.known(at, ok, "retention rule", rule);
            }
            if purpose.retention.is_empty() {
                let what = format!("`{}` does not say how long its data are kept", purpose.code);
                faults.add(at, what, "name rules of retention.toml in retention");
            }
            let role = &purpose.assessment.role;
            faults.known(at, pack.roles.contains_key(role), "role", role);
        }
        for flow in pack.workflows.values() {
            let personal = flow.fields.values().find(|f| f.meaning.is_personal());
            if let (Some(field), None) = (personal, pack.processing.of_workflow(&flow.code)) {
                let what = format!(
                    "the workflow `{}` collects personal data (`{}`) and is in no register",
                    flow.code, field.code
                );
                let advice = "add a [[purpose]] to processing.toml that names it in workflows";
                faults.add(&flow.at, what, advice);
            }
        }
    }
}
