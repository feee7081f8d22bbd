//! The press texts of a demonstration: one that has gone out, one that was corrected, one that waits for
//! its hour. Every number in them is a figure of the records that are there; none is written here but
//! what is typed in as a record with its evidence.

use super::{
    dice::Dice,
    stage::{Opening, Stage},
};
use crate::failure::Failure;
use domain::{
    case::{Actor, Case, CaseId},
    field::Raw,
    pack::Unit,
    workflow::{Effect, Workflow},
};
use jiff::{ToSpan, civil::Date};

/// Writes the press texts of a city.
///
/// # Errors
/// When the store fails, or a step is refused.
pub async fn build(stage: &Stage) -> Result<(), Failure> {
    let top = stage.pack.units.top();
    let fills = |flow: &&Workflow| flow.effects().any(|effect| matches!(effect, Effect::Fill(_)));
    let flow = stage.pack.workflows.values().find(fills);
    let (Some(top), Some(flow)) = (top, flow) else { return Ok(()) };
    let today = stage.pack.date_of(stage.end);
    let desk = Desk { stage, flow, top, today };
    let mut dice = Dice::of(4_000_000);
    desk.out(&mut dice).await?;
    desk.corrected(&mut dice).await?;
    desk.waiting(&mut dice).await?;
    stage.tick(stage.end).await
}

/// Where press texts are written.
struct Desk<'a> {
    stage: &'a Stage,
    flow: &'a Workflow,
    top: &'a Unit,
    today: Date,
}

impl Desk<'_> {
    async fn out(&self, dice: &mut Dice) -> Result<(), Failure> {
        let year = self.today.year();
        let body = format!(
            "今年，全市妇联热线和各级窗口收到诉求{{appeals_received {year}}}件，作出答复{{appeal_answers {year}}}份。\n每一件诉求都有一个负责单位和一个时限，办结以后由未参与办理的人回访。"
        );
        let english = format!("Appeals this year: {{appeals_received {year}}}.");
        let case = self.write(("今年妇女儿童诉求办理情况", &body, &english), dice).await?;
        self.signed(case, ("sign_now", Raw::new()), dice).await
    }

    /// A number was entered late: what was said stays readable, and the correction says why.
    async fn corrected(&self, dice: &mut Dice) -> Result<(), Failure> {
        let year = self.today.year();
        if self.stage.pack.figures.get("online_views").is_none() {
            return Ok(());
        }
        self.typed("12680", dice).await?;
        let body = format!("今年，法律知识线上宣讲观看{{online_views {year}}}人次。");
        let case = self.write(("法律知识线上宣讲", &body, ""), dice).await?;
        self.signed(case, ("sign_now", Raw::new()), dice).await?;
        self.typed("2340", dice).await?;
        let reason = raw(&[("reason", "一场线上宣讲的佐证后来才核定，补计以后更正。")]);
        self.does(case, "correct", reason, dice).await?;
        self.signed(case, ("sign_now", Raw::new()), dice).await
    }

    async fn waiting(&self, dice: &mut Dice) -> Result<(), Failure> {
        let year = self.today.year();
        let hour = self.today.saturating_add(3.days());
        let said = if hour.year() == year { "今年" } else { "去年" };
        let body = format!("{said}，全市办结诉求{{appeals_closed {year}}}件。");
        let case = self.write(("诉求办结情况", &body, ""), dice).await?;
        let day = hour.to_string();
        let fields = raw(&[("goes_out_on", &day), ("goes_out_at", "10:00")]);
        self.signed(case, ("sign", fields), dice).await
    }

    async fn write(
        &self,
        (title, body, english): (&str, &str, &str),
        dice: &mut Dice,
    ) -> Result<CaseId, Failure> {
        let day = self.today.to_string();
        let mut fields = raw(&[("title", title), ("body", body), ("goes_out_on", &day)]);
        if !english.is_empty() {
            fields.extend(raw(&[("english", english)]));
        }
        self.open(self.flow, self.top, fields, dice).await
    }

    /// Checked by another person, and signed by a third.
    async fn signed(
        &self,
        case: CaseId,
        (sign, fields): (&str, Raw),
        dice: &mut Dice,
    ) -> Result<(), Failure> {
        self.does(case, "submit", Raw::new(), dice).await?;
        self.does(case, "check", Raw::new(), dice).await?;
        self.does(case, sign, fields, dice).await
    }

    /// So many views, typed in with their evidence and confirmed by another person.
    async fn typed(&self, amount: &str, dice: &mut Dice) -> Result<(), Failure> {
        let flow = self.stage.pack.workflows.values().find(|flow| flow.opening.evidence);
        let county =
            self.stage.pack.units.children(&self.top.code).find(|u| u.kind == self.top.kind);
        let (Some(flow), Some(county)) = (flow, county) else { return Ok(()) };
        let day = self.today.to_string();
        let fields = [
            ("item", "online_views"),
            ("held_on", &day),
            ("amount", amount),
            ("source", "平台后台统计"),
        ];
        let case = self.open(flow, county, raw(&fields), dice).await?;
        self.does(case, "confirm", Raw::new(), dice).await
    }

    async fn open(
        &self,
        flow: &Workflow,
        unit: &Unit,
        raw: Raw,
        dice: &mut Dice,
    ) -> Result<CaseId, Failure> {
        let actor = Actor::Staff(self.stage.people.staff("handler", unit, 0).await?);
        let opening = Opening { flow, programme: None, actor, raw };
        Ok(self.stage.open(self.stage.end, opening, dice).await?.0)
    }

    async fn does(
        &self,
        case: CaseId,
        action: &str,
        said: Raw,
        dice: &mut Dice,
    ) -> Result<(), Failure> {
        let refused = || Failure::Plain(format!("a press text is refused: {action}"));
        let case: Case = self.stage.case(case).await?.ok_or_else(refused)?;
        let flow = self.stage.pack.flow_of(&case).ok_or_else(refused)?;
        let action = flow.action(action).ok_or_else(refused)?;
        let done = self.stage.act(self.stage.end, (&case, action), said, dice).await?;
        if done { Ok(()) } else { Err(refused()) }
    }
}

fn raw(fields: &[(&str, &str)]) -> Raw {
    fields.iter().map(|(k, v)| ((*k).to_owned(), vec![(*v).to_owned()])).collect()
}
