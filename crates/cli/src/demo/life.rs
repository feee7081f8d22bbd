//! One appeal of a demonstration: decides what happens next, by the state it is in and the plot
//! it follows.

use super::{
    dice::Dice,
    plot::{Plot, Twist},
};
use domain::{
    case::Case,
    clock::Light,
    field::Raw,
    pack::{Pack, Risk},
};

/// What happens next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// An action, with what is said in particular, after so many hours.
    Act {
        /// Action code.
        action: &'static str,
        /// What is not left to chance.
        said: Vec<(&'static str, String)>,
        /// Hours.
        hours: f64,
    },
    /// Only time can move it; it is looked at again after so many hours.
    Wait(f64),
    /// Nothing more.
    Rest,
}

fn act(action: &'static str, hours: f64) -> Next {
    Next::Act { action, said: Vec::new(), hours }
}

fn say(action: &'static str, field: &'static str, value: &str, hours: f64) -> Next {
    Next::Act { action, said: vec![(field, value.to_owned())], hours }
}

/// What an appeal asks of its plot.
pub struct Scene<'a> {
    /// The city.
    pub pack: &'a Pack,
    /// The appeal as it stands.
    pub case: &'a Case,
    /// Its plot.
    pub plot: Plot,
    /// Danger questions answered with yes.
    pub yes: &'a [String],
    /// The number of the case that this one repeats.
    pub main: Option<&'a str>,
    /// The last day of a pause that begins now.
    pub pause_until: String,
    /// Its light when the demonstration begins, should nobody touch it any more.
    pub last_light: Light,
}

impl Scene<'_> {
    /// What happens next.
    pub fn next(&self, dice: &mut Dice) -> Next {
        if self.case.state == self.plot.rest && self.may_rest() {
            return Next::Rest;
        }
        match self.case.state.as_str() {
            "received" => act("register", dice.between(0.05, 1.5)),
            "registered" => self.registered(dice),
            "triage" => self.triage(dice),
            "answered" => act("spot_check_passed", dice.between(8.0, 40.0)),
            "not_accepted" => act("confirm_refusal", dice.between(3.0, 14.0)),
            "merged" => Next::Wait(24.0),
            "forwarded" => self.forwarded(dice),
            "assigned" => self.assigned(dice),
            // Sent back twice, the leader decides.
            "returned" if self.times("return") >= 2 => act("direct", dice.between(2.0, 8.0)),
            "returned" => act("redispatch", dice.between(2.0, 8.0)),
            "handling" | "consulting" => self.handling(dice),
            "extension_pending" => act("approve_extension", dice.between(2.0, 10.0)),
            "review" => self.review(dice),
            "suspended" => act("resume", dice.between(150.0, 300.0)),
            "visiting" => self.visiting(dice),
            "closed" => self.closed(dice),
            _ => Next::Rest,
        }
    }

    fn times(&self, action: &str) -> u32 {
        self.case.times(action)
    }

    fn days_of(&self, action: &str) -> u32 {
        self.pack.flow_of(self.case).map_or(0, |flow| self.case.days_of(flow, action))
    }

    fn is_unsafe(&self) -> bool {
        self.case.flags.contains("unsafe_contact")
    }

    fn is(&self, twist: Twist) -> bool {
        self.plot.twist == twist
    }

    /// A turn that the plot promises comes before the rest.
    fn may_rest(&self) -> bool {
        let rests = match self.last_light {
            Light::Green => true,
            // More time is asked for when it runs short.
            Light::Yellow => {
                let short = ["extension_pending", "not_accepted"].contains(&self.plot.rest);
                self.plot.late || self.plot.tight || short
            }
            Light::Red => self.plot.late,
        };
        if !rests {
            return false;
        }
        let done = |action| self.times(action) > 0;
        match (self.plot.twist, self.plot.rest) {
            (Twist::Return, _) => done("return"),
            (Twist::ReturnTwice, _) => self.times("return") > 1,
            (Twist::Supervise, _) => done("supervise") && done("note"),
            (Twist::Extend, "handling") => done("approve_extension"),
            (Twist::Dissatisfied, _) => done("visit_dissatisfied"),
            (Twist::Rework, _) => done("rework"),
            (Twist::Supplement, _) => done("supplement"),
            (Twist::Unreachable, "visiting") => done("try_contact"),
            _ => true,
        }
    }

    fn registered(&self, dice: &mut Dice) -> Next {
        let calm = matches!(self.case.grade.as_str(), "green" | "yellow");
        if self.case.grade == "red" && self.plot.rest != "triage" {
            return act("urgent", dice.between(0.05, 0.4));
        }
        if self.is(Twist::Spot) && calm && !self.pack.is_sensitive(&self.case.category) {
            return act("answer_on_spot", dice.between(0.1, 0.5));
        }
        act("to_triage", dice.between(0.1, 2.0))
    }

    fn triage(&self, dice: &mut Dice) -> Next {
        let soon = dice.between(0.3, 5.0);
        let sensitive = self.pack.is_sensitive(&self.case.category);
        match self.plot.twist {
            Twist::Refuse if !sensitive => act("propose_refusal", soon),
            Twist::Forward if self.times("forward") == 0 => act("forward", soon),
            Twist::Direct => act("direct", soon),
            Twist::Merge => match self.main {
                Some(number) => say("merge", "main", number, soon + 20.0),
                None => act("dispatch", soon),
            },
            Twist::Withdraw if self.times("request_withdrawal") == 0 => {
                act("request_withdrawal", dice.between(3.0, 10.0))
            }
            Twist::Withdraw if sensitive => act("confirm_withdrawal_checked", soon + 6.0),
            Twist::Withdraw => act("confirm_withdrawal", soon + 3.0),
            _ => act("dispatch", soon),
        }
    }

    fn forwarded(&self, dice: &mut Dice) -> Next {
        if self.times("forward_receipt") == 0 {
            return act("forward_receipt", dice.between(20.0, 60.0));
        }
        act("forward_result", dice.between(100.0, 250.0))
    }

    fn assigned(&self, dice: &mut Dice) -> Next {
        let returns = match self.plot.twist {
            Twist::Return => 1,
            Twist::ReturnTwice => 2,
            _ => 0,
        };
        if self.times("return") < returns && !self.case.flags.contains("directed") {
            return act("return", dice.between(4.0, 20.0));
        }
        act("sign", dice.between(0.5, 9.0))
    }

    fn handling(&self, dice: &mut Dice) -> Next {
        let consulting = self.case.state == "consulting";
        let owes = |kind: &str| self.case.open_tasks().any(|t| t.kind == kind);
        if self.is(Twist::Supplement) && self.times("supplement") == 0 {
            return act("supplement", dice.between(10.0, 40.0));
        }
        if self.is(Twist::Unsafe) && self.times("mark_unsafe") == 0 {
            return act("mark_unsafe", dice.between(1.0, 6.0));
        }
        if self.is(Twist::Supervise) && self.times("chase") == 0 {
            return act("chase", dice.between(24.0, 48.0));
        }
        if self.is(Twist::Supervise) && self.times("supervise") == 0 {
            return act("supervise", dice.between(16.0, 40.0));
        }
        if owes("supervision") && self.times("note") > 0 && self.plot.rest != "handling" {
            return act("answer_supervision", dice.between(6.0, 30.0));
        }
        if self.times("contact") == 0 && !consulting {
            let soon = dice.between(1.0, 8.0);
            if self.is_unsafe() {
                // Whom nobody may call is spoken with when she comes.
                return say("contact", "reach_way", "incoming", soon);
            }
            return act("contact", soon);
        }
        let harm = self.pack.is_sensitive(&self.case.category) && !self.case.anonymous;
        if harm && self.times("add_person") == 0 {
            return say("add_person", "person_role", "respondent", dice.between(0.5, 3.0));
        }
        if self.is(Twist::Invite) && self.times("invite") == 0 {
            return act("invite", dice.between(3.0, 12.0));
        }
        if self.is(Twist::Suspend) && self.times("suspend") == 0 && self.case.grade != "red" {
            return say("suspend", "pause_until", &self.pause_until, dice.between(30.0, 70.0));
        }
        if self.times("note") < 1 {
            return act("note", dice.between(8.0, 40.0));
        }
        if owes("co") {
            return act("give_opinion", dice.between(8.0, 40.0));
        }
        if consulting {
            return act("gather", dice.between(1.0, 8.0));
        }
        if self.is(Twist::Extend) && self.times("request_extension") == 0 {
            return act("request_extension", dice.between(30.0, 90.0));
        }
        act("submit_reply", dice.between(20.0, 70.0))
    }

    fn review(&self, dice: &mut Dice) -> Next {
        let soon = dice.between(2.0, 16.0);
        if self.is(Twist::Rework) && self.times("rework") == 0 {
            return act("rework", soon);
        }
        if self.case.anonymous {
            return act("approve_without_visit", soon);
        }
        if self.is_unsafe() {
            return act("approve_unsafe", soon);
        }
        act("approve_reply", soon)
    }

    fn visiting(&self, dice: &mut Dice) -> Next {
        if self.is_unsafe() {
            return act("close_unsafe", dice.between(6.0, 40.0));
        }
        if self.is(Twist::Unreachable) {
            return match self.days_of("try_contact") {
                3.. => act("close_unreachable", dice.between(1.0, 3.0)),
                // Once a day, so that three days are over before the time is.
                0 => act("try_contact", dice.between(1.0, 6.0)),
                _ => act("try_contact", dice.between(22.0, 26.0)),
            };
        }
        if self.is(Twist::Dissatisfied) && self.times("visit_dissatisfied") == 0 {
            return act("visit_dissatisfied", dice.between(10.0, 40.0));
        }
        let action = if self.is(Twist::Rate) { "rate" } else { "record_visit" };
        act(action, dice.between(6.0, 40.0))
    }

    fn closed(&self, dice: &mut Dice) -> Next {
        if self.is(Twist::Reopen) && self.times("reopen") == 0 {
            return act("reopen", dice.between(60.0, 200.0));
        }
        act("archive", dice.between(120.0, 400.0))
    }

    /// What the plot says in a form, and chance must not.
    pub fn said(&self, given: &[(&'static str, String)], action: &str, dice: &mut Dice) -> Raw {
        let mut raw: Raw = given.iter().map(|(f, v)| ((*f).to_owned(), vec![v.clone()])).collect();
        let mut set = |field: &str, value: String| drop(raw.insert(field.to_owned(), vec![value]));
        match action {
            "register" => {
                set("category", self.case.category.clone());
                self.answer(&mut raw);
            }
            "assess" => self.answer(&mut raw),
            "redispatch" | "direct" => {
                if let Some(unit) = self.county() {
                    set("unit", unit);
                }
            }
            "record_visit" | "rate" => {
                let marks = ["5", "5", "4", "4", "3"];
                for field in ["attitude", "result"] {
                    set(field, dice.pick(&marks).copied().unwrap_or("4").to_owned());
                }
            }
            "visit_dissatisfied" => {
                set("attitude", if dice.percent(50) { "3" } else { "2" }.to_owned());
            }
            _ => {}
        }
        raw
    }

    fn answer(&self, raw: &mut Raw) {
        let answers = answers(&self.pack.risk, self.yes);
        if !answers.is_empty() {
            raw.insert("risk".to_owned(), answers);
        }
    }

    /// The federation of the county of the place, or of the city.
    fn county(&self) -> Option<String> {
        use domain::pack::Level;
        self.pack.units.nearest("wf", &self.case.place, Level::County).map(|u| u.code.clone())
    }
}

/// The questions that were answered with yes. The others were not asked, so nothing is said of
/// them: a "no" would be somebody's word.
fn answers(risk: &Risk, yes: &[String]) -> Vec<String> {
    let asked = risk.questions.iter().filter(|q| yes.contains(&q.code));
    asked.map(|q| format!("{}=yes", q.code)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::pack::Question;

    #[test]
    fn what_was_not_asked_is_not_answered() {
        let question = |code: &str| Question {
            code: code.to_owned(),
            text: code.to_owned(),
            en: code.to_owned(),
            weight: 1,
            red: false,
            help: String::new(),
            help_en: String::new(),
        };
        let questions = ["one", "two", "three"].map(question).to_vec();
        let risk = Risk { questions, ..Risk::default() };
        assert_eq!(answers(&risk, &["two".to_owned(), "nine".to_owned()]), ["two=yes"]);
        assert!(answers(&risk, &[]).is_empty());
    }
}
