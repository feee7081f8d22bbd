//! Proofs about what protects people: contact plans, what follows from a grade, papers of the
//! law, duties of the law. A rule that could never be met, or never be read, is refused here.

use super::Proof;
use crate::{
    contact::Way,
    duty::Duty,
    field::{FieldKind, Meaning},
    milestone::MilestoneSpec,
    reporter::Apart,
    workflow::{Action, Code, Effect, Guard, Locus, OnGrade, Target},
};

impl Proof<'_> {
    pub(super) fn protection(&mut self) {
        self.contact();
        let flow = self.flow;
        if let Some(readers) = &flow.readers {
            self.holds(&flow.at, readers, &FieldKind::Units);
        }
        for apart in &flow.reporters {
            self.reporter(apart);
        }
        for rule in &flow.on_grade {
            self.on_grade(rule);
        }
        for spec in flow.milestones.values() {
            self.milestone(spec);
        }
        for duty in &flow.duties {
            self.duty(duty);
        }
    }

    /// A plan that rules cannot read would allow everything.
    fn contact(&mut self) {
        let flow = self.flow;
        let Some(plan) = &flow.contact else { return };
        let all = |code: &str, fits: &dyn Fn(&str) -> bool| {
            let kind = flow.fields.get(code).map(|f| &f.kind);
            matches!(kind, Some(FieldKind::Choices(all)) if all.iter().all(|o| fits(&o.value)))
        };
        let time = |code: &str| flow.fields.get(code).is_some_and(|f| f.kind == FieldKind::Time);
        let yes_no = |code: &str| match flow.fields.get(code).map(|f| &f.kind) {
            Some(FieldKind::Choice(all)) => all.iter().all(|o| matches!(&*o.value, "yes" | "no")),
            Some(kind) => *kind == FieldKind::Flag,
            None => false,
        };
        let ways = Way::ALL.map(Way::code).join(", ");
        let day = |v: &str| matches!(v.as_bytes(), [b'1'..=b'7']);
        for (code, ok, must) in [
            (&plan.ways, all(&plan.ways, &|v| Way::named(v).is_some()), ways.as_str()),
            (&plan.days, all(&plan.days, &day), "1 to 7 in a field of the type choices"),
            (&plan.from, time(&plan.from), "a field of the type time"),
            (&plan.until, time(&plan.until), "a field of the type time"),
            (&plan.none, yes_no(&plan.none), "yes and no"),
        ] {
            if !ok {
                let what = format!("the field `{code}` cannot be part of a contact plan");
                self.fault(&plan.at, what, &format!("offer {must}"));
            }
        }
    }

    pub(super) fn needs_plan(&mut self, at: &Locus) {
        if self.flow.contact.is_none() {
            let what = "this needs a contact plan, and the workflow has none".to_owned();
            self.fault(at, what, "add [contact] with the fields of the plan");
        }
    }

    /// A way must be known whatever the form says, or the plan could be walked around by saying
    /// nothing.
    pub(super) fn contact_guard(&mut self, action: &Action, field: Option<&str>, or: Option<Way>) {
        self.needs_plan(&action.at);
        let Some(field) = field else {
            if or.is_none() {
                let what = "the guard contact names no way".to_owned();
                self.fault(&action.at, what, "write contact = { or = \"phone\" } or name a field");
            }
            return;
        };
        let kind = self.flow.fields.get(field).map(|f| &f.kind);
        let some = matches!(kind, Some(FieldKind::Choice(all))
            if all.iter().any(|o| Way::named(&o.value).is_some()));
        if !some {
            let what = format!("the field `{field}` offers no way to contact somebody");
            let ways = Way::ALL.map(Way::code).join(", ");
            self.fault(&action.at, what, &format!("make it a choice with one of {ways}"));
        }
        let asked = action.fields.iter().any(|f| f.code == field && f.required);
        if or.is_none() && !asked {
            let what = format!("the way in `{field}` may be left out, and with it the plan");
            self.fault(&action.at, what, "write the field with ! or add or = \"phone\"");
        }
    }

    /// Whoever records that somebody was contacted answers to the plan, case by case; where nobody is
    /// called there need be none.
    pub(super) fn contacts(&mut self, action: &Action) {
        let flow = self.flow;
        let guarded = action.guards.iter().any(|g| matches!(g, Guard::Contact { .. }));
        if guarded && action.bulk {
            let what = format!("`{}` contacts many people at once", action.code);
            self.fault(&action.at, what, "remove bulk = true: every plan is somebody's own");
        }
        let calls = flow.fields.values().any(|f| f.meaning == Meaning::Phone);
        let ways = |kind: &FieldKind| match kind {
            FieldKind::Choice(all) => all.iter().filter(|o| Way::named(&o.value).is_some()).count(),
            _ => 0,
        };
        let asked = action.fields.iter().filter_map(|f| flow.fields.get(&f.code));
        let records = asked.into_iter().find(|f| ways(&f.kind) > 1);
        if let Some(field) = records.filter(|_| calls && !guarded) {
            let what = format!("`{}` records a contact that no plan was asked about", action.code);
            let advice = format!("add the guard contact = {{ field = \"{}\" }}", field.code);
            self.fault(&action.at, what, &advice);
        }
    }

    /// Nobody brings a file for many cases at once, and the program has none.
    pub(super) fn evidence(&mut self, action: &Action) {
        if action.evidence && (action.bulk || action.auto.is_some()) {
            let what = format!("`{}` needs a file of each case", action.code);
            self.fault(&action.at, what, "remove bulk and auto: somebody adds it, case by case");
        }
    }

    /// A choice that is never made, or a field that is no text, would leave the reporter known.
    fn reporter(&mut self, apart: &Apart) {
        let kind = self.flow.fields.get(&apart.field).map(|f| &f.kind);
        let offers = |value: &Code| kind.is_some_and(|kind| kind.offers(value));
        if apart.values.is_empty() || !apart.values.iter().all(offers) {
            let what = format!("the field `{}` never says that somebody reports", apart.field);
            self.fault(&apart.at, what, "name a choice and values that it offers");
        }
        for code in &apart.keeps {
            let text = self.flow.fields.get(code).is_some_and(|f| f.kind.is_text());
            self.known(&apart.at, text, "field of text", code);
        }
    }

    fn on_grade(&mut self, rule: &OnGrade) {
        let ok = self.pack.risk.grade(&rule.grade).is_some();
        self.known(&rule.at, ok, "grade", &rule.grade);
        for effect in &rule.effects {
            self.effect(&rule.at, effect);
            let fits = matches!(
                effect,
                Effect::StartClock(_)
                    | Effect::StopClock(_)
                    | Effect::Notify(_)
                    | Effect::Flag(_)
                    | Effect::Unflag(_)
                    | Effect::OpenTasks { units: None, .. }
            );
            if !fits {
                let what = "a grade alone cannot do this".to_owned();
                let advice = "use clocks, messages, flags and tasks; the rest needs an action";
                self.fault(&rule.at, what, advice);
            }
        }
    }

    fn milestone(&mut self, spec: &MilestoneSpec) {
        let flow = self.flow;
        for field in [&spec.issued, &spec.expires] {
            let date = flow.fields.get(field).is_some_and(|f| f.kind == FieldKind::Date);
            if !date {
                let what = format!("`{field}` is no date");
                self.fault(&spec.at, what, "name a field of the type date");
            }
        }
        let known = self.pack.messages.contains_key(&spec.message);
        self.known(&spec.at, known, "message", &spec.message);
        if let Some(grade) = &spec.breach {
            self.known(&spec.at, self.pack.risk.grade(grade).is_some(), "grade", grade);
        }
        if let Some(clock) = &spec.clock {
            self.known(&spec.at, flow.clocks.contains_key(clock), "clock", clock);
        }
        if spec.task.is_some() != spec.clock.is_some() {
            let what = format!("the task of `{}` is only half said", spec.code);
            self.fault(&spec.at, what, "give both task and clock, or neither");
        }
        let falls = spec.alarms.windows(2).all(|pair| matches!(pair, [a, b] if a > b));
        if spec.alarms.is_empty() || !falls || spec.alarms.contains(&0) {
            let what = format!("nobody would be told in time that `{}` expires", spec.code);
            self.fault(&spec.at, what, "write alarms = [30, 14, 7], days from long to short");
        }
        let recorded = flow.effects().any(|e| matches!(e, Effect::Milestone(k) if *k == spec.code));
        if !recorded {
            let what = format!("`{}` can never be recorded", spec.code);
            let advice = format!("add an action with the effect milestone = \"{}\"", spec.code);
            self.fault(&spec.at, what, &advice);
        }
    }

    fn duty(&mut self, duty: &Duty) {
        let flow = self.flow;
        let at = &duty.at;
        for s in &duty.before {
            self.known(at, flow.state(s).is_some(), "state", s);
        }
        for a in &duty.met_by {
            self.known(at, flow.action(a).is_some(), "action", a);
        }
        self.known(at, flow.clocks.contains_key(&duty.clock), "clock", &duty.clock);
        if let Some(message) = &duty.message {
            self.known(at, self.pack.messages.contains_key(message), "message", message);
        }
        self.conditions(duty);
        if duty.before.contains(&flow.initial) || duty.before.is_empty() {
            let what = format!("the duty `{}` shuts nothing, or even the beginning", duty.code);
            self.fault(at, what, "name the states that must wait in before = […]");
        }
    }

    /// Whoever may be stopped by a duty can also meet it: no state shuts the way on for good.
    pub(super) fn discharges(&mut self) {
        for duty in &self.flow.duties {
            self.discharge(duty);
        }
    }

    fn discharge(&mut self, duty: &Duty) {
        let flow = self.flow;
        for state in flow.states.iter().filter(|s| s.is_open()) {
            let leads = |a: &Action| {
                !duty.met_by.contains(&a.code)
                    && matches!(&a.to, Target::State(to) if duty.before.contains(to))
            };
            let shut = flow.actions_from(&state.code).any(leads);
            let met = flow.actions_from(&state.code).any(|a| duty.met_by.contains(&a.code));
            if shut && !met {
                let (code, name) = (&state.code, &duty.name);
                let what = format!("in state `{code}` nobody can meet the duty “{name}”");
                let advice = "let one of the actions in met_by start from this state";
                self.fault(&duty.at, what, advice);
            }
        }
    }

    fn conditions(&mut self, duty: &Duty) {
        if duty.when.is_empty() || !duty.when.iter().all(crate::duty::When::says_something) {
            let what = format!("the duty `{}` does not say when it is owed", duty.code);
            self.fault(
                &duty.at,
                what,
                "write when = [{ category = […] }, { field = …, values = […] }]",
            );
        }
        for when in &duty.when {
            for category in &when.category {
                let ok = self.pack.categories.keys().any(|c| c.starts_with(category.as_str()));
                self.known(&duty.at, ok, "category", category);
            }
            for question in &when.answers {
                let ok = self.pack.risk.question(question).is_some();
                self.known(&duty.at, ok, "question", question);
            }
            let Some(code) = &when.field else { continue };
            let kind = self.flow.fields.get(code).map(|f| &f.kind);
            let offers = |value: &String| match kind {
                Some(FieldKind::Choice(all) | FieldKind::Choices(all)) => {
                    all.iter().any(|o| o.value == *value)
                }
                Some(FieldKind::Flag) => matches!(&**value, "yes" | "no"),
                _ => false,
            };
            if when.values.is_empty() || !when.values.iter().all(offers) {
                let what = format!("the field `{code}` never holds one of these values");
                self.fault(&duty.at, what, "name a choice and values that it offers");
            }
        }
    }
}
