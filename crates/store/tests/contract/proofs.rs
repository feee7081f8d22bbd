//! What is kept of identities, passkeys and exchanges, on both databases.

use domain::people::NotSo;
use jiff::SignedDuration;
use store::{
    Account, AccountChange, Binding, Exchange, NewAccount, Proof, RECOVERY_CODES, db::WriteError,
};
use testkit::{Stand, unit};

testkit::both!(
    an_identity_is_one_accounts,
    an_exchange_is_taken_once_and_in_time,
    passkeys_are_kept_sealed_and_used_one_after_another,
    the_last_second_factor_stays_where_it_is_needed,
);

const ISSUER: &str = "https://id.example";

async fn hire(stand: &Stand, name: &str, role: &str) -> Account {
    let new = NewAccount {
        username: name.into(),
        password: "hash".into(),
        name: "某".into(),
        unit: unit::EAST.into(),
        roles: vec![role.into()],
    };
    let id = stand.store.create_account(new).await.unwrap();
    stand.store.account_by_id(id).await.unwrap().unwrap()
}

async fn change(
    stand: &Stand,
    (doer, whom): (Option<&Account>, &Account),
    change: AccountChange,
) -> Result<i64, NotSo> {
    let place = (&stand.pack, stand.clock.now());
    let doer = doer.map(Account::staff);
    let done = stand.store.administer(place, doer.as_ref(), whom.id, change).await;
    done.map_err(|e| match e {
        WriteError::Refused(no) => no,
        WriteError::Db(error) => panic!("{error}"),
    })
}

async fn an_identity_is_one_accounts(stand: Stand) {
    let (lin, wang) = (hire(&stand, "lin", "handler").await, hire(&stand, "wang", "handler").await);
    let store = &stand.store;
    let identity = |subject| Binding::of(store.keys(), ISSUER, subject);
    let bind = |subject| AccountChange::Bind(identity(subject));
    assert!(!format!("{:?}", identity("13800001234")).contains("13800001234"));
    let strange = change(&stand, (Some(&wang), &lin), bind("one")).await;
    assert_eq!(strange, Err(NotSo::NotYours), "nobody binds for another");
    change(&stand, (Some(&lin), &lin), bind("one")).await.unwrap();
    assert_eq!(store.bound_to(&identity("one")).await.unwrap(), Some(lin.id));
    let other = Binding::of(store.keys(), "https://other.example", "one");
    assert_eq!(store.bound_to(&other).await.unwrap(), None, "another issuer is another identity");
    for (who, subject) in [(&wang, "one"), (&lin, "two"), (&lin, "one")] {
        let again = change(&stand, (Some(who), who), bind(subject)).await;
        assert_eq!(again, Err(NotSo::Bound), "{subject}");
    }
    change(&stand, (None, &wang), bind("two")).await.unwrap();
    let unbind = || AccountChange::Unbind(ISSUER.into());
    assert!(store.is_bound(lin.id, ISSUER).await.unwrap());
    change(&stand, (Some(&lin), &lin), unbind()).await.unwrap();
    assert_eq!(change(&stand, (Some(&lin), &lin), unbind()).await, Err(NotSo::Gone));
    assert_eq!(store.bound_to(&identity("one")).await.unwrap(), None);
    change(&stand, (None, &wang), AccountChange::Close).await.unwrap();
    assert_eq!(
        store.bound_to(&identity("two")).await.unwrap(),
        None,
        "who left is bound to nothing"
    );
}

async fn an_exchange_is_taken_once_and_in_time(stand: Stand) {
    let (store, now) = (&stand.store, stand.clock.now());
    let way = (Exchange::Journey, "token");
    store.begin_exchange(way, "first", (now, 60)).await.unwrap();
    store.begin_exchange(way, "second", (now, 60)).await.unwrap();
    for other in [(Exchange::Journey, "another"), (Exchange::Passkey, "token")] {
        assert_eq!(store.take_exchange(other, now).await.unwrap(), None);
    }
    assert_eq!(store.take_exchange(way, now).await.unwrap().as_deref(), Some("second"));
    assert_eq!(store.take_exchange(way, now).await.unwrap(), None, "once");
    store.begin_exchange(way, "third", (now, 60)).await.unwrap();
    let late = now + SignedDuration::from_secs(61);
    assert_eq!(store.take_exchange(way, late).await.unwrap(), None, "too late");
    store.begin_exchange(way, "fourth", (now, 60)).await.unwrap();
    store.begin_exchange((Exchange::Journey, "b"), "x", (late, 60)).await.unwrap();
    assert_eq!(store.take_exchange(way, now).await.unwrap(), None, "swept away");
}

async fn passkeys_are_kept_sealed_and_used_one_after_another(stand: Stand) {
    let lin = hire(&stand, "lin", "handler").await;
    let (store, now) = (&stand.store, stand.clock.now());
    let (new, codes) = store.new_passkey(lin.id, (b"one", "v1".into()), "单位电脑").await.unwrap();
    assert_eq!(codes.len(), RECOVERY_CODES, "the first comes with recovery codes");
    change(&stand, (Some(&lin), &lin), AccountChange::AddPasskey(new.clone())).await.unwrap();
    let again = change(&stand, (Some(&lin), &lin), AccountChange::AddPasskey(new)).await;
    assert_eq!(again, Err(NotSo::Bound), "one passkey is added once");
    let factor = store.factor(lin.id).await.unwrap();
    assert!(factor.any() && !factor.ready && factor.passkeys == 1);
    let (_, none) = store.new_passkey(lin.id, (b"two", "v1".into()), "手机").await.unwrap();
    assert!(none.is_empty(), "no second set of recovery codes");

    let all = store.passkeys(lin.id).await.unwrap();
    let one = &all[0];
    assert_eq!((one.name.as_str(), one.key.as_str(), one.used), ("单位电脑", "v1", None));
    assert!(store.passkey_used(lin.id, one, "v2".into(), now).await.unwrap());
    let stale = store.passkey_used(lin.id, one, "v3".into(), now).await.unwrap();
    assert!(!stale, "two answers cannot count from the same state");
    let used = store.passkeys(lin.id).await.unwrap();
    assert_eq!((used[0].key.as_str(), used[0].used), ("v2", Some(now)));
    assert_eq!(used[0].name, "单位电脑");

    let right = store.take_code(lin.id, &codes[0], now).await.unwrap();
    assert_eq!(right, Some(Proof::Recovery), "without an authenticator program");
    assert_eq!(store.take_code(lin.id, &codes[0], now).await.unwrap(), None);
    // A secret that somebody began to set up, and never showed to work, changes nothing.
    store.begin_factor(lin.id).await.unwrap();
    assert_eq!(store.take_code(lin.id, &codes[1], now).await.unwrap(), Some(Proof::Recovery));
    assert_eq!(store.take_code(lin.id, "000000", now).await.unwrap(), None);
    let (person, another) = (store.passkey_person(lin.id), store.passkey_person(lin.id + 1));
    assert_ne!(person, another);
}

async fn the_last_second_factor_stays_where_it_is_needed(stand: Stand) {
    let free: Vec<&String> = stand
        .pack
        .roles
        .values()
        .filter(|role| !stand.pack.needs_second_factor(std::slice::from_ref(&role.code)))
        .map(|role| &role.code)
        .collect();
    let free = free.first().expect("a role without").as_str();
    for (name, role, stays) in [("lin", "handler", true), ("wang", free, false)] {
        let who = hire(&stand, name, role).await;
        let mut handles = Vec::new();
        for id in ["a", "b"] {
            let credential = format!("{name} {id}");
            let new = stand.store.new_passkey(who.id, (credential.as_bytes(), "v".into()), id);
            let (new, _) = new.await.unwrap();
            change(&stand, (Some(&who), &who), AccountChange::AddPasskey(new)).await.unwrap();
        }
        for one in stand.store.passkeys(who.id).await.unwrap() {
            handles.push(one.handle);
        }
        let remove = |n: usize| AccountChange::RemovePasskey(handles[n].clone());
        change(&stand, (Some(&who), &who), remove(0)).await.unwrap();
        assert_eq!(change(&stand, (Some(&who), &who), remove(0)).await, Err(NotSo::Gone));
        let last = change(&stand, (Some(&who), &who), remove(1)).await;
        let left = stand.store.factor(who.id).await.unwrap();
        if stays {
            assert_eq!(last, Err(NotSo::LastFactor));
            assert_eq!((left.passkeys, left.recovery > 0), (1, true));
        } else {
            last.unwrap();
            assert_eq!(left, store::Factor::default(), "and no recovery code without a factor");
        }
    }
}
