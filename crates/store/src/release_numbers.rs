//! The numbers of press texts, as each reader may be told them: those of today, those that were frozen,
//! and why a text was refused. What a reader is kept out of is in none of them, as on boards and in
//! reports; what has gone out is everybody's.

use crate::{
    Store,
    answer::No,
    db::Error,
    figure_hidden,
    figure_values::{FigureAsk, FigureValue},
    releases::Release,
};
use domain::{
    access::Viewer,
    figure::{AnyAmount, Asked, Frozen, Period},
    pack::Pack,
    press::{self, Counted, Need, Refused, Template, Unsayable},
    refusal::Refusal,
};
use jiff::civil::Date;
use std::collections::BTreeMap;

impl Store {
    /// Tells a release as this viewer may know its numbers. Before its hour, whoever is kept out of a
    /// record behind a number reads no text that says it.
    pub(crate) async fn tell_to(
        &self,
        viewer: &Viewer,
        release: &mut Release,
    ) -> Result<(), Error> {
        self.frozen_for(viewer, &mut release.case).await?;
        for signed in &mut release.signed {
            let edition = &mut signed.edition;
            let told = edition.freezing.and_then(|n| release.case.frozen.get(n));
            let Some(told) = told.filter(|told| told.values != signed.values) else { continue };
            signed.values.clone_from(&told.values);
            if edition.published.is_none() {
                signed.text.clear();
                signed.english.clear();
                edition.tables.clear();
                for place in &mut edition.places {
                    place.said.clear();
                    place.english.clear();
                }
            }
        }
        Ok(())
    }

    /// Why a text was refused, without the numbers: whoever is kept out of some record is not told
    /// what the number with that record is.
    pub(crate) async fn withheld(&self, viewer: &Viewer, no: No) -> Result<No, Error> {
        let No::Refused(Refusal::Press(mut reasons)) = no else { return Ok(no) };
        let mut reader = self.db.page().await?;
        if !figure_hidden::barred(&mut reader, viewer).await?.is_empty() {
            for reason in &mut reasons {
                if let Refused::Unsayable { why, fits, .. } = reason {
                    *why = Unsayable::Withheld;
                    fits.clear();
                }
            }
        }
        Ok(No::Refused(Refusal::Press(reasons)))
    }

    /// What the frozen numbers of a text say to this viewer today, in their order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn said_today(
        &self,
        (pack, viewer): (&Pack, &Viewer),
        values: &[Frozen],
        today: Date,
    ) -> Result<Vec<Option<FigureValue>>, Error> {
        let asks: Vec<Option<FigureAsk<'_>>> = values
            .iter()
            .map(|value| {
                let figure = pack.figures.get(&value.figure)?;
                Some(FigureAsk { figure, unit: &value.unit, period: Period::parse(&value.period)? })
            })
            .collect();
        let known: Vec<FigureAsk<'_>> = asks.iter().flatten().copied().collect();
        let mut told = self.figures_for(viewer, &known, today).await?.into_iter();
        Ok(asks.iter().map(|ask| ask.and_then(|_| told.next())).collect())
    }

    /// The numbers that a text needs, as this viewer is told them today, for a text of this unit.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn numbers_today(
        &self,
        (pack, viewer): (&Pack, &Viewer),
        unit: &str,
        template: &Template,
        today: Date,
    ) -> Result<BTreeMap<Need, Counted>, Error> {
        let needs = template.needs();
        let asked: Vec<Asked> = needs.iter().map(|need| press::asked_for(need, unit)).collect();
        let known = needs.into_iter().zip(&asked).filter_map(|(need, asked)| {
            let figure = pack.figures.get(&asked.figure)?;
            pack.units.get(&asked.unit)?;
            Some((need, FigureAsk { figure, unit: &asked.unit, period: asked.period }))
        });
        let (needs, asks): (Vec<Need>, Vec<FigureAsk<'_>>) = known.unzip();
        let values = self.figures_for(viewer, &asks, today).await?;
        let counted = values.into_iter().map(|value| Counted {
            amount: value.amount.map(AnyAmount::count),
            unknown: value.unknown,
            versions: value.versions,
        });
        Ok(needs.into_iter().zip(counted).collect())
    }
}
