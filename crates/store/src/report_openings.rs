//! Reports that open by themselves when their period has ended, one for each unit that owes the form.
//! Decides nothing about what a unit owes; a report that somebody opened by hand is left alone.
//!
//! The claim that lets a unit open a report once makes two servers, a second round and a hand that was
//! faster harmless: whoever comes second is refused in the transaction that would write it.

use crate::{
    Store,
    answer::No,
    db::{Error, WriteError},
    digest,
    imports::{number_of, source_of},
    request::{NewCase, SEALING},
};
use domain::{
    case::Actor,
    field::{self, Raw},
    pack::{Form, Pack, filled, report_flow},
    refusal::Refusal,
    workflow::{Code, Workflow},
};
use jiff::{Timestamp, civil::Date};
use std::sync::Arc;

/// The reports of one form for one period.
struct Round<'a> {
    pack: &'a Arc<Pack>,
    flow: &'a Workflow,
    /// Form and period, in the order of the claim.
    filled: Vec<(Code, String)>,
    now: Timestamp,
}

impl Store {
    /// Opens every report that should be open by now and is not: of each form that opens by itself,
    /// for the newest period that has ended, for each unit that owes it, with people or without,
    /// because a report that nobody prepares climbs to the unit above. What ended before the first
    /// case of this installation is nobody's to report. Answers how many it opened.
    ///
    /// # Errors
    /// When the database fails; a single report that is refused is logged and left.
    pub async fn open_reports(&self, pack: &Arc<Pack>, now: Timestamp) -> Result<usize, Error> {
        let Some(flow) = report_flow(pack) else { return Ok(0) };
        let Some(began) = self.began(pack).await? else { return Ok(0) };
        let today = pack.date_of(now);
        let mut opened = 0;
        for form in pack.forms.values().filter(|form| form.opens_itself) {
            let ended = form.every.newest_ended(today).filter(|period| period.last() >= began);
            if let Some(filled) = ended.and_then(|period| filled(flow, form, period)) {
                opened += self.open_round(&Round { pack, flow, filled, now }, form).await?;
            }
        }
        Ok(opened)
    }

    /// The day of the first case.
    async fn began(&self, pack: &Pack) -> Result<Option<Date>, Error> {
        let Some(id) = self.first_case().await? else { return Ok(None) };
        let row = self.db.read().await?.row(&SEALING, &[id.into()]).await?;
        let case = row.map(|row| crate::parse_case(&row, 1)).transpose()?;
        Ok(case.map(|case| pack.date_of(case.opened)))
    }

    async fn open_round(&self, round: &Round<'_>, form: &Form) -> Result<usize, Error> {
        let owing = round.pack.units.iter().filter(|unit| form.is_owed_by(unit));
        let units: Vec<&str> = owing.map(|unit| unit.code.as_str()).collect();
        let values: Vec<String> = round.filled.iter().map(|(_, value)| value.clone()).collect();
        let numbers: Vec<String> = units.iter().map(|unit| number_of(unit, &values)).collect();
        let asked: Vec<&str> = numbers.iter().map(String::as_str).collect();
        let known = self.imported(&source_of(&round.flow.code), &asked).await?;
        let mut opened = 0;
        for ((unit, number), known) in units.iter().zip(&numbers).zip(known) {
            if known.is_some() {
                continue;
            }
            match self.open_one(round, unit, number).await {
                Ok(new) => opened += usize::from(new),
                // Somebody was faster.
                Err(WriteError::Refused(No::Refused(Refusal::OnlyOnce))) => {}
                Err(WriteError::Refused(no)) => {
                    tracing::warn!(unit, form = form.code, %no, "a report did not open by itself");
                }
                Err(WriteError::Db(error)) => return Err(error),
            }
        }
        Ok(opened)
    }

    /// Opens one report; whether it is new.
    async fn open_one(
        &self,
        round: &Round<'_>,
        unit: &str,
        number: &str,
    ) -> Result<bool, WriteError<No>> {
        let Round { pack, flow, filled, now } = round;
        let raw: Raw = filled.iter().map(|(code, v)| (code.clone(), vec![v.clone()])).collect();
        let given = field::check(pack, flow, &flow.opening.fields, &raw);
        let given = given.map_err(Refusal::Fields)?;
        let source = source_of(&flow.code);
        let command = digest(&format!("{source} {number}"));
        let new = NewCase {
            command,
            actor: Actor::System,
            workflow: flow.code.clone(),
            programme: None,
            given,
            then: Vec::new(),
            files: Vec::new(),
            receipt: self.receipt_for(&command),
            imported: Some((source, number.to_owned())),
        };
        let command = self.opening(pack, *now, (new, Some(unit.to_owned()))).await?;
        Ok(!self.db.write_bulk(command).await?.repeated)
    }
}
