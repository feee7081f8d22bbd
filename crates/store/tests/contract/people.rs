//! Accounts: proofs that are taken once, sessions that end, administrators who keep each other
//! honest, and nobody who leaves open cases behind.

use crate::cast::{assigned, handling};
use domain::{
    audit::Deed,
    case::{Actor, Staff},
    people::NotSo,
};
use jiff::SignedDuration;
use store::{
    Account, AccountChange, NewAccount, Proof, RECOVERY_CODES, Record, Stage, Whose, db::WriteError,
};
use testkit::{Appeal, Stand, unit};
use vault::totp;

testkit::both!(
    sessions_come_in_step_by_step,
    a_second_factor_must_be_shown_to_work,
    codes_are_taken_once,
    roles_are_held_together_or_not,
    administrators_do_only_their_own_part,
    the_last_administrator_stays,
    administrators_serve_every_unit,
    nobody_leaves_open_cases_behind,
    a_deputy_acts_while_somebody_is_away,
    changes_are_remembered,
);

async fn hire(stand: &Stand, unit: &str, roles: &[&str]) -> Account {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let n = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let new = NewAccount {
        username: format!("person{n}"),
        password: "hash".into(),
        name: format!("某{n}"),
        unit: unit.into(),
        roles: roles.iter().map(|r| (*r).to_owned()).collect(),
    };
    let id = stand.store.create_account(new).await.unwrap();
    stand.store.account_by_id(id).await.unwrap().unwrap()
}

async fn change(
    stand: &Stand,
    doer: Option<&Account>,
    whom: &Account,
    change: AccountChange,
) -> Result<i64, NotSo> {
    let doer = doer.map(Account::staff);
    let place = (&stand.pack, stand.clock.now());
    let done = stand.store.administer(place, doer.as_ref(), whom.id, change).await;
    done.map_err(|e| match e {
        WriteError::Refused(no) => no,
        WriteError::Db(error) => panic!("{error}"),
    })
}

fn roles(all: &[&str]) -> AccountChange {
    AccountChange::Roles(all.iter().map(|r| (*r).to_owned()).collect())
}

async fn sessions_come_in_step_by_step(stand: Stand) {
    let who = hire(&stand, unit::EAST, &["handler"]).await;
    let (store, now) = (&stand.store, stand.clock.now());
    let half = store.begin_session(who.id, Stage::Code, ("手机", None), now).await.unwrap();
    let seen = store.session(&half, now).await.unwrap().unwrap();
    assert_eq!((seen.stage, seen.account.id), (Stage::Code, who.id));
    let whole = store.begin_session(who.id, Stage::Full, ("手机", Some(&half)), now).await.unwrap();
    assert_eq!(store.session(&half, now).await.unwrap(), None, "the old token is worth nothing");
    let other = store.log_in(who.id, now).await.unwrap();
    let devices = store.devices(who.id, &whole, now).await.unwrap();
    assert_eq!(devices.len(), 2);
    assert_eq!(devices.iter().filter(|d| d.own && d.device == "手机").count(), 1);
    let theirs = devices.iter().find(|d| !d.own).unwrap();
    let stranger = hire(&stand, unit::EAST, &["handler"]).await;
    assert!(!store.end_session(stranger.id, &theirs.handle, now).await.unwrap());
    assert!(store.end_session(who.id, &theirs.handle, now).await.unwrap());
    assert_eq!(store.session(&other, now).await.unwrap(), None);
    let third = store.log_in(who.id, now).await.unwrap();
    store.end_other_sessions(who.id, &whole).await.unwrap();
    assert_eq!(store.session(&third, now).await.unwrap(), None);
    store.seen(&whole, None).await.unwrap();
    assert_eq!(store.session(&whole, now).await.unwrap().unwrap().seen.as_second(), 0);
    stand.clock.advance_hours(12);
    assert_eq!(store.session(&whole, stand.clock.now()).await.unwrap(), None);
}

/// The code that an authenticator program would show.
fn shown(secret: &[u8], stand: &Stand) -> String {
    format!("{:06}", totp::code(secret, stand.clock.now().as_second() / totp::STEP_SECONDS))
}

fn record(who: &Account) -> Record {
    Record::of(&who.staff(), vec![Deed::Unlocked])
}

async fn a_second_factor_must_be_shown_to_work(stand: Stand) {
    let who = hire(&stand, unit::EAST, &["handler"]).await;
    let store = &stand.store;
    assert_eq!(store.take_code(who.id, "000000", stand.clock.now()).await.unwrap(), None);
    let secret = store.begin_factor(who.id).await.unwrap().unwrap();
    assert_eq!(store.begin_factor(who.id).await.unwrap().unwrap(), secret, "the same after reload");
    assert!(!store.factor(who.id).await.unwrap().ready);
    let now = stand.clock.now();
    let code = shown(&secret, &stand);
    assert_eq!(store.take_code(who.id, &code, now).await.unwrap(), None, "it does not count yet");
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert_eq!(store.confirm_factor(who.id, wrong, now, record(&who)).await.unwrap(), None);
    let codes = store.confirm_factor(who.id, &code, now, record(&who)).await.unwrap().unwrap();
    assert_eq!(codes.len(), RECOVERY_CODES);
    let factor = store.factor(who.id).await.unwrap();
    assert!(factor.ready && factor.recovery == 8);
    assert_eq!(store.begin_factor(who.id).await.unwrap(), None, "the secret is not told again");
    assert_eq!(store.confirm_factor(who.id, &code, now, record(&who)).await.unwrap(), None);
    // Somebody with the database and without the keys has neither secret nor codes.
    let rows = crate::raw::rows(&stand, "SELECT secret FROM factors").await;
    assert!(!rows[0][0].contains(&crate::raw::hex(&secret)));
    let rows = crate::raw::rows(&stand, "SELECT code FROM recovery").await;
    let plain = crate::raw::hex(codes[0].replace('-', "").as_bytes());
    assert!(rows.len() == 8 && !rows.concat().concat().contains(&plain));
}

async fn codes_are_taken_once(stand: Stand) {
    let who = hire(&stand, unit::EAST, &["handler"]).await;
    let other = hire(&stand, unit::EAST, &["handler"]).await;
    let store = &stand.store;
    let secret = store.begin_factor(who.id).await.unwrap().unwrap();
    let code = shown(&secret, &stand);
    let now = stand.clock.now();
    let codes = store.confirm_factor(who.id, &code, now, record(&who)).await.unwrap().unwrap();
    assert_eq!(store.take_code(who.id, &code, now).await.unwrap(), None, "the code is used up");
    stand.clock.advance(SignedDuration::from_secs(30));
    let (now, next) = (stand.clock.now(), shown(&secret, &stand));
    assert_eq!(store.take_code(who.id, &next, now).await.unwrap(), Some(Proof::Code));
    assert_eq!(store.take_code(who.id, &next, now).await.unwrap(), None);
    let typed = codes[0].to_lowercase();
    assert_eq!(store.take_code(other.id, &typed, now).await.unwrap(), None);
    assert_eq!(store.take_code(who.id, &typed, now).await.unwrap(), Some(Proof::Recovery));
    assert_eq!(store.take_code(who.id, &typed, now).await.unwrap(), None);
    assert_eq!(store.factor(who.id).await.unwrap().recovery, 7);
    let fresh = store.renew_recovery(who.id).await.unwrap();
    assert_eq!(store.take_code(who.id, &codes[1], now).await.unwrap(), None);
    assert_eq!(store.take_code(who.id, &fresh[0], now).await.unwrap(), Some(Proof::Recovery));
}

async fn roles_are_held_together_or_not(stand: Stand) {
    let who = hire(&stand, unit::CITY, &[]).await;
    let security = hire(&stand, unit::CITY, &["security_admin"]).await;
    let no = |why| Err(why);
    for (given, expected) in [
        (vec!["system_admin", "audit_admin"], no(NotSo::TwoAdministrations)),
        (vec!["system_admin", "handler"], no(NotSo::AdministersAndSees)),
        (vec!["leader", "audit_admin"], no(NotSo::AdministersAndSees)),
        (vec!["operator"], no(NotSo::NotHeldThere("operator".into()))),
        (vec!["wizard"], no(NotSo::NotHeldThere("wizard".into()))),
        (vec!["handler", "reviewer"], Ok(who.id)),
        (vec!["audit_admin"], Ok(who.id)),
        (vec![], no(NotSo::LastAdministrator)),
    ] {
        let done = change(&stand, Some(&security), &who, roles(&given)).await;
        assert_eq!(done, expected, "{given:?}");
    }
}

async fn administrators_do_only_their_own_part(stand: Stand) {
    let who = hire(&stand, unit::EAST, &["handler"]).await;
    let of = async |role: &str| hire(&stand, unit::CITY, &[role]).await;
    let (system, security) = (of("system_admin").await, of("security_admin").await);
    let (audit, leader) = (of("audit_admin").await, of("leader").await);
    let reset = || AccountChange::Password("new".into());
    let new = || {
        AccountChange::Create(NewAccount {
            username: "new.person".into(),
            password: "hash".into(),
            name: "新人".into(),
            unit: unit::EAST.into(),
            roles: vec![],
        })
    };
    for doer in [&audit, &leader, &who, &security] {
        let done = change(&stand, Some(doer), &system, reset()).await;
        assert_eq!(done, Err(NotSo::NotYours), "{:?}", doer.roles);
        assert_eq!(change(&stand, Some(doer), &system, new()).await, Err(NotSo::NotYours));
    }
    for doer in [&audit, &leader, &who, &system] {
        for one in [roles(&["leader"]), AccountChange::ForgetFactor, AccountChange::EndSessions] {
            assert_eq!(change(&stand, Some(doer), &security, one).await, Err(NotSo::NotYours));
        }
    }
    assert_eq!(change(&stand, Some(&system), &system, reset()).await, Err(NotSo::Oneself));
    let own = change(&stand, Some(&security), &security, roles(&["leader"])).await;
    assert_eq!(own, Err(NotSo::Oneself), "nobody gives themselves roles");
    let token = stand.store.log_in(who.id, stand.clock.now()).await.unwrap();
    assert_eq!(change(&stand, Some(&system), &who, reset()).await, Ok(who.id));
    assert!(stand.store.must_change_password(who.id).await.unwrap());
    assert_eq!(stand.store.session(&token, stand.clock.now()).await.unwrap(), None);
    stand.store.set_password(who.id, "own".into()).await.unwrap();
    assert!(!stand.store.must_change_password(who.id).await.unwrap());
    let made = change(&stand, Some(&system), &who, new()).await.unwrap();
    assert!(stand.store.must_change_password(made).await.unwrap());
    assert_eq!(change(&stand, Some(&system), &who, new()).await, Err(NotSo::BadName), "taken");
    let AccountChange::Create(mut mighty) = new() else { unreachable!() };
    mighty.username = "mighty".into();
    mighty.roles = vec!["leader".into()];
    let done = change(&stand, Some(&system), &who, AccountChange::Create(mighty.clone())).await;
    assert_eq!(done, Err(NotSo::NotYours), "roles are the other administrator's to give");
    let made = change(&stand, None, &who, AccountChange::Create(mighty)).await;
    assert!(made.is_ok(), "whoever commands the machine begins with somebody");
}

/// Administering goes by kind and by no unit: whoever works anywhere in the city has all three, and the
/// last of each stays. So no unit comes to be without an administrator when people leave.
async fn administrators_serve_every_unit(stand: Stand) {
    let system = hire(&stand, unit::CITY, &["system_admin"]).await;
    let security = hire(&stand, unit::CITY, &["security_admin"]).await;
    let mut met = std::collections::BTreeSet::new();
    for place in stand.pack.units.iter() {
        let kind = place.code.split('-').next().unwrap_or_default();
        let sees = |role: &&String| !stand.pack.roles[*role].grants.is_empty();
        let mut all = stand.pack.roles.keys();
        let role = all.find(|role| sees(role) && stand.pack.can_hold(role, place));
        // One unit of each kind and level has to do.
        let Some(role) = role.filter(|_| met.insert((kind, place.code.len()))) else { continue };
        let who = hire(&stand, &place.code, &[role]).await;
        let reset = AccountChange::Password("hash".into());
        assert_eq!(change(&stand, Some(&system), &who, reset).await, Ok(who.id), "{}", place.code);
        let none = change(&stand, Some(&security), &who, roles(&[])).await;
        assert_eq!(none, Ok(who.id), "{}", place.code);
        let closed = change(&stand, Some(&system), &who, AccountChange::Close).await;
        assert_eq!(closed, Ok(who.id), "{}", place.code);
    }
    assert!(met.len() >= 8, "{met:?}");
    for last in [&system, &security] {
        let gone = change(&stand, None, last, AccountChange::Close).await;
        assert_eq!(gone, Err(NotSo::LastAdministrator));
    }
}

async fn the_last_administrator_stays(stand: Stand) {
    let system = hire(&stand, unit::CITY, &["system_admin"]).await;
    let first = hire(&stand, unit::CITY, &["audit_admin"]).await;
    let close = || AccountChange::Close;
    let last = Err(NotSo::LastAdministrator);
    assert_eq!(change(&stand, Some(&system), &first, close()).await, last);
    assert_eq!(change(&stand, None, &first, close()).await, last, "not on the machine either");
    let second = hire(&stand, unit::CITY, &["audit_admin"]).await;
    assert_eq!(change(&stand, Some(&system), &first, close()).await, Ok(first.id));
    assert_eq!(change(&stand, Some(&system), &second, close()).await, last);
    assert_eq!(stand.store.account(&first.username).await.unwrap(), None);
    let gone = stand.store.account_by_id(first.id).await.unwrap().unwrap();
    assert_eq!(gone.name, first.name, "history still names who has left");
    assert_eq!(change(&stand, Some(&system), &first, close()).await, Err(NotSo::Unfit));
}

async fn nobody_leaves_open_cases_behind(stand: Stand) {
    let case = handling(&stand, &Appeal::new("1302", "一件")).await;
    let one = hire(&stand, unit::EAST, &["handler"]).await;
    let two = hire(&stand, unit::EAST, &["handler"]).await;
    let third = hire(&stand, unit::EAST, &["reviewer"]).await;
    let far = hire(&stand, unit::WEST, &["handler"]).await;
    let system = hire(&stand, unit::CITY, &["system_admin"]).await;
    stand.act(&Actor::Staff(one.staff()), case, "take", &[]).await;
    let close = AccountChange::Close;
    let owns = Err(NotSo::OwnsCases(1));
    assert_eq!(change(&stand, Some(&system), &one, close.clone()).await, owns);
    assert_eq!(change(&stand, None, &one, roles(&["reviewer"])).await, owns);
    let owned = stand.store.owned(&stand.pack, &one).await.unwrap();
    assert_eq!(owned.len(), 1);
    let place = (&stand.pack, stand.clock.now());
    let state = &owned[0].state;
    let hand = async |doer: &Staff, to: &Account| {
        stand.store.hand_over(place, Some(doer), (one.id, to.id), state).await
    };
    for (doer, to) in [
        (system.staff(), &third),
        (system.staff(), &far),
        (system.staff(), &one),
        (two.staff(), &two),
    ] {
        assert!(hand(&doer, to).await.is_err(), "{} to {:?}", doer.account, to.roles);
    }
    assert_eq!(hand(&system.staff(), &two).await.ok(), Some(1));
    assert_eq!(hand(&system.staff(), &two).await.ok(), Some(0), "done again it does nothing");
    assert_eq!(stand.page(case).await.case.owner, Some(two.id));
    assert_eq!(change(&stand, Some(&system), &one, close.clone()).await, Ok(one.id));
    // Nobody else there could take the case that is left.
    let owned = stand.store.owned(&stand.pack, &two).await.unwrap();
    assert_eq!(owned[0].cases.len(), 1);
    let left = change(&stand, Some(&system), &two, close.clone()).await;
    assert_eq!(left, Err(NotSo::OwnsCases(1)));
    assigned(&stand, &Appeal::new("1302", "西边"), unit::WEST).await;
    let left = change(&stand, Some(&system), &far, close).await;
    assert_eq!(left, Err(NotSo::NobodyLeft("handler".into())));
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_deputy_acts_while_somebody_is_away(stand: Stand) {
    let one = hire(&stand, unit::EAST, &["handler"]).await;
    let two = hire(&stand, unit::EAST, &["reviewer"]).await;
    let far = hire(&stand, unit::WEST, &["handler"]).await;
    let (since, until) = (stand.clock.now(), stand.clock.now() + SignedDuration::from_hours(48));
    let away = |deputy: &Account| AccountChange::Absent { deputy: deputy.id, since, until };
    assert_eq!(change(&stand, Some(&one), &one, away(&far)).await, Err(NotSo::Unfit));
    assert_eq!(change(&stand, Some(&one), &one, away(&one)).await, Err(NotSo::Unfit));
    assert_eq!(change(&stand, Some(&two), &one, away(&two)).await, Err(NotSo::NotYours));
    let backwards = AccountChange::Absent { deputy: two.id, since: until, until: since };
    assert_eq!(change(&stand, Some(&one), &one, backwards).await, Err(NotSo::BadDays));
    assert_eq!(change(&stand, Some(&one), &one, away(&two)).await, Ok(one.id));
    let for_whom = async || stand.store.deputy_for(two.id, stand.clock.now()).await.unwrap();
    assert_eq!(for_whom().await, std::slice::from_ref(&one));
    assert_eq!(stand.store.absences(one.id, stand.clock.now()).await.unwrap().len(), 1);
    stand.clock.advance_hours(47);
    assert_eq!(for_whom().await.len(), 1);
    stand.clock.advance_hours(1);
    assert_eq!(for_whom().await, [], "it ends by itself");
    stand.clock.set_to(since);
    stand.clock.advance_hours(1);
    assert_eq!(change(&stand, Some(&one), &one, AccountChange::Back).await, Ok(one.id));
    assert_eq!(for_whom().await, []);
}

async fn changes_are_remembered(stand: Stand) {
    let system = hire(&stand, unit::CITY, &["system_admin"]).await;
    let who = hire(&stand, unit::EAST, &["handler"]).await;
    change(&stand, Some(&system), &who, AccountChange::Password("x".into())).await.unwrap();
    change(&stand, None, &who, roles(&["handler", "reviewer"])).await.unwrap();
    let _ = change(&stand, Some(&who), &system, AccountChange::Close).await.unwrap_err();
    let lines = async |who: &Account| {
        let own = Whose::Account(who.id);
        let page = stand.store.deeds(&stand.pack, &who.staff(), &own, None).await.unwrap();
        page.unwrap().lines.into_iter().map(|l| (l.detail, l.whom)).collect::<Vec<_>>()
    };
    assert_eq!(lines(&system).await, [("reset_password".to_owned(), Some(who.id))]);
    let told = ("roles:handler,reviewer".to_owned(), Some(who.id));
    assert_eq!(lines(&who).await, [told], "what was refused was not done");
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}
