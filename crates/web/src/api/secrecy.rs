//! Who may know of a case, for programs of staff: what stands, and each change of it. What may be done
//! is `domain::secrecy`'s, whose words the page of people uses too. A case that the caller may not
//! know of is answered like one that does not exist, whatever was sent.
//!
//! Breaking the glass is not here: it takes a second proof typed at that moment by a person who is
//! told what follows, and a program that keeps a token could only pass on what somebody typed for
//! something else.

use super::body::Sent;
use crate::{
    app::App,
    error::Oops,
    page::Page,
    session::LoggedIn,
    staff::secrecy::{MOST_REASON, wish},
};
use axum::{
    Json,
    extract::{Path, State},
    http::HeaderMap,
};
use domain::{
    access::Viewer,
    case::{AccountId, Actor, CaseId, Fact},
    guarded::Judgement,
    pack::Right,
    secrecy::Change,
};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{EntryPage, Guarding};

/// The most people of a circle that are named at once.
const MOST: usize = 64;

pub(crate) async fn show(
    State(app): State<App>,
    who: LoggedIn,
    page: Page,
    Path(number): Path<String>,
) -> Result<Json<Value>, Oops> {
    let shown = app.store().case(&page.pack, &who.viewer(), &number).await?;
    let shown = shown.ok_or(Oops::NotFound)?;
    let (guarded, now) = (&shown.case.guarded, app.now());
    let people = async |all: Vec<AccountId>| {
        let mut found = Vec::new();
        for account in all {
            found.push(person(&app, account).await?);
        }
        Ok::<_, Oops>(found)
    };
    let excludes = shown.rights.may(Right::Exclude);
    let (mut out, mut proposals) = (Vec::new(), Vec::new());
    if excludes {
        out = people(guarded.people.iter().copied().collect()).await?;
        let eyes = (&who.staff(), now);
        for one in app.store().exclusion_proposals(&page.pack, eyes, shown.case.id).await? {
            let mut found = person(&app, one.account).await?;
            found["ground"] = json!(one.ground.key());
            proposals.push(found);
        }
    }
    let mut glass = Vec::new();
    for one in guarded.glass.iter().rev() {
        let mut found = person(&app, one.account).await?;
        found["until"] = json!(one.until);
        found["judge_by"] = json!(one.judge_by);
        found["judged"] = json!(one.judged.map(|judged| match judged {
            Judgement::Right => "right",
            Judgement::Wrong => "wrong",
        }));
        glass.push(found);
    }
    let (mut asked, mut lent) = (Vec::new(), Vec::new());
    for one in &guarded.lent {
        let mut found = person(&app, one.account).await?;
        match one.until {
            None => asked.push(found),
            Some(until) if until > now => {
                found["until"] = json!(until);
                lent.push(found);
            }
            Some(_) => {}
        }
    }
    Ok(Json(json!({
        "number": shown.number,
        "sensitivity": shown.case.sensitivity(&page.pack).code(),
        "sealed": guarded.is_sealed(),
        "circle": people(guarded.circle.iter().flatten().copied().collect()).await?,
        "kept_out": {
            "people": out,
            "units": if excludes { json!(guarded.units) } else { json!([]) },
        },
        "proposals": proposals, "glass": glass, "asked": asked, "lent": lent,
    })))
}

async fn person(app: &App, account: AccountId) -> Result<Value, Oops> {
    let known = app.store().account_by_id(account).await?;
    let of = |word: fn(&store::Account) -> &String| known.as_ref().map(word);
    Ok(json!({
        "account": account, "username": of(|a| &a.username), "name": of(|a| &a.name),
        "unit": of(|a| &a.unit),
    }))
}

#[derive(Deserialize, Default)]
struct Asked {
    /// Log-in names or numbers of accounts; for units, their codes.
    #[serde(default)]
    who: Vec<String>,
    #[serde(default)]
    reason: Option<String>,
}

pub(crate) async fn change(
    State(app): State<App>,
    who: LoggedIn,
    page: Page,
    Path((number, deed)): Path<(String, String)>,
    headers: HeaderMap,
    sent: Sent,
) -> Result<Json<Value>, Oops> {
    let actor = who.actor();
    let command = super::command(&headers, "secrecy", &actor)?;
    let shown = app.store().case(&page.pack, &who.viewer(), &number).await?;
    let case = match shown {
        Some(shown) => shown.case.id,
        // Whoever has just taken themselves out of the circle repeats it with the same result.
        None => repeated(&app, &page, (&command, &actor), &number).await?,
    };
    let asked: Asked = sent.read(&["reason"])?;
    if asked.who.len() > MOST {
        return Err(Oops::TooLarge("api.too_large"));
    }
    let named: Vec<&str> = asked.who.iter().map(|one| one.trim()).collect();
    let change = wish(&app, &page, &deed, &named).await?;
    let change = change.map_err(|why| Oops::Refused(why.into()))?;
    let reason = asked.reason.unwrap_or_default();
    let reason: String = reason.trim().chars().take(MOST_REASON).collect();
    let wanted = (change.clone(), reason.clone());
    let guarding = Guarding { command, actor: actor.clone(), case, change, reason };
    let done = app.store().guard(&page.pack, app.now(), guarding).await?;
    if done.repeated {
        let after = app.store().case_by_id(&page.pack, &Viewer::System, case).await?;
        let entry = after.and_then(|page| page.entries.into_iter().find(|e| e.seq == done.seq));
        if !entry.is_some_and(|entry| is_same(&entry, &actor, &wanted)) {
            return Err(Oops::Misused);
        }
    }
    Ok(Json(json!({ "number": number, "deed": deed, "version": done.seq })))
}

/// The case that this very command of this very person has changed before.
async fn repeated(
    app: &App,
    page: &Page,
    (command, actor): (&[u8; 16], &Actor),
    number: &str,
) -> Result<CaseId, Oops> {
    let done = app.store().done_before(command, actor).await?.ok_or(Oops::NotFound)?;
    let known = app.store().case_by_id(&page.pack, &Viewer::System, done).await?;
    known.filter(|known| known.number == number).map(|known| known.case.id).ok_or(Oops::NotFound)
}

/// Whether an entry is this change with this reason.
fn is_same(entry: &EntryPage, actor: &Actor, (change, reason): &(Change, String)) -> bool {
    let said = entry.texts.values().flatten().map(|(_, text)| text.as_str()).next();
    said.unwrap_or_default() == reason && entry.facts.iter().any(|f| is_fact(f, actor, change))
}

fn is_fact(fact: &Fact, actor: &Actor, change: &Change) -> bool {
    let me = match actor {
        Actor::Staff(staff) => staff.account,
        Actor::Appellant(_) | Actor::Public | Actor::System => return false,
    };
    match (change, fact) {
        (Change::Seal { circle }, Fact::Sealed { circle: sealed }) => {
            let all = circle.iter().map(|staff| staff.account).chain([me]);
            all.collect::<std::collections::BTreeSet<_>>() == sealed.iter().copied().collect()
        }
        (Change::Unseal, Fact::Unsealed) => true,
        (Change::Admit(staff), Fact::Admitted { account }) => staff.account == *account,
        (Change::Dismiss(whom), Fact::Dismissed { account }) => whom == account,
        (Change::Bar(whom), Fact::Barred { who })
        | (Change::Unbar(whom), Fact::Unbarred { who }) => whom == who,
        (
            Change::Judge { account, judgement },
            Fact::GlassJudged { account: of, judgement: as_ },
        ) => (account, judgement) == (of, as_),
        (Change::AskIdentity, Fact::IdentityAsked { account }) => me == *account,
        (Change::Lend { account }, Fact::IdentityLent { account: to, .. }) => account == to,
        _ => false,
    }
}
