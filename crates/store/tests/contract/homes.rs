//! Where members of staff live is sealed, is used for proposals of whom to keep out, and for nothing
//! else.

use crate::{cast::*, raw};
use domain::{
    case::{Actor, Staff},
    people::NotSo,
    secrecy::Ground,
};
use store::{AccountChange, Home, NewAccount, db::WriteError};
use testkit::{Appeal, Stand, staff, unit};

testkit::both!(households_are_proposed, a_home_is_ones_own_and_sealed);

/// A village below the eastern town.
const VILLAGE: &str = "990101100201";
const PHONE: &str = "10000000031";

async fn hire(stand: &Stand, username: &str, name: &str) -> Staff {
    let new = NewAccount {
        username: username.to_owned(),
        password: String::new(),
        name: name.to_owned(),
        unit: unit::WEST.to_owned(),
        roles: vec!["handler".to_owned()],
    };
    let id = stand.store.create_account(new).await.unwrap();
    stand.store.account_by_id(id).await.unwrap().unwrap().staff()
}

async fn lives(
    stand: &Stand,
    (by, whom): (&Staff, &Staff),
    (village, phone): (&str, &str),
) -> Result<i64, NotSo> {
    let home = Home { village: village.to_owned(), phone: phone.to_owned() };
    let change = AccountChange::Home(stand.store.seal_home(whom.account, &home));
    let place = (&stand.pack, stand.clock.now());
    stand.store.administer(place, Some(by), whom.account, change).await.map_err(|e| match e {
        WriteError::Refused(no) => no,
        WriteError::Db(error) => panic!("{error}"),
    })
}

async fn households_are_proposed(stand: Stand) {
    let new = Appeal::new("1302", "家里的事")
        .with("contact_name", "林小荷")
        .with("contact_phone", PHONE)
        .with("place", VILLAGE);
    let case = handling(&stand, &new).await;
    let brother = hire(&stand, "brother", "赵大").await;
    let cousin = hire(&stand, "cousin", "林二").await;
    let namesake = hire(&stand, "namesake", "林三").await;
    let neighbour = hire(&stand, "neighbour", "王四").await;
    let Actor::Staff(reviewer) = east_reviewer() else { panic!("staff") };
    let proposals = async || {
        let eyes = (&reviewer, stand.clock.now());
        let all = stand.store.exclusion_proposals(&stand.pack, eyes, case).await.unwrap();
        all.into_iter().map(|i| (i.account, i.ground)).collect::<Vec<_>>()
    };
    assert_eq!(proposals().await, [], "nothing is on file");
    // However it is written, it is the same telephone.
    lives(&stand, (&brother, &brother), ("", "1000 000 0031")).await.unwrap();
    lives(&stand, (&cousin, &cousin), (VILLAGE, "")).await.unwrap();
    lives(&stand, (&namesake, &namesake), (unit::WEST_PLACE, "10000000099")).await.unwrap();
    lives(&stand, (&neighbour, &neighbour), (VILLAGE, "")).await.unwrap();
    let found = [(brother.account, Ground::Household), (cousin.account, Ground::SameVillage)];
    assert_eq!(proposals().await, found);
    // A leader does not see who it is about, and is not told by way of a household.
    let Actor::Staff(leader) = east_leader() else { panic!("staff") };
    let eyes = (&leader, stand.clock.now());
    let all = stand.store.exclusion_proposals(&stand.pack, eyes, case).await.unwrap();
    assert!(all.iter().all(|i| i.ground == Ground::Perhaps), "{all:?}");
    lives(&stand, (&brother, &brother), ("", "")).await.unwrap();
    assert_eq!(proposals().await, found[1..]);
    // Whoever leaves is forgotten.
    let admin = staff(90, unit::CITY, "system_admin");
    let place = (&stand.pack, stand.clock.now());
    let close = AccountChange::Close;
    stand.store.administer(place, Some(&admin), cousin.account, close).await.unwrap();
    assert_eq!(proposals().await, []);
    assert!(!stand.store.has_home(cousin.account).await.unwrap());
    assert_eq!(stand.troubles().await, Vec::<String>::new());
}

async fn a_home_is_ones_own_and_sealed(stand: Stand) {
    let lin = hire(&stand, "lin", "林五").await;
    let other = hire(&stand, "other", "王六").await;
    let system = staff(90, unit::CITY, "system_admin");
    let security = staff(91, unit::CITY, "security_admin");
    for stranger in [&other, &security] {
        let done = lives(&stand, (stranger, &lin), (VILLAGE, PHONE)).await;
        assert_eq!(done, Err(NotSo::NotYours));
    }
    lives(&stand, (&system, &lin), (VILLAGE, PHONE)).await.unwrap();
    let home = stand.store.home(lin.account).await.unwrap().unwrap();
    assert_eq!((home.village.as_str(), home.phone.as_str()), (VILLAGE, PHONE));
    assert_eq!(stand.store.home(other.account).await.unwrap(), None);
    stand.open(&Appeal::new("1302", "一件").with("contact_phone", PHONE)).await;
    let rows =
        raw::rows(&stand, "SELECT account, key, body, phone, village FROM staff_homes").await;
    let text = rows.concat().join(" ");
    for clear in [VILLAGE, PHONE] {
        assert!(!text.contains(clear) && !text.contains(&raw::hex(clear.as_bytes())), "{text}");
    }
    // The tag is not the one by which cases are found: a thief sees no colleague in a case.
    let tags = raw::rows(&stand, "SELECT tag FROM people").await.concat();
    assert!(!tags.is_empty() && tags.iter().all(|tag| !text.contains(tag.as_str())), "{tags:?}");
    // A sealed home moved to another account does not open there.
    let moved = format!("UPDATE staff_homes SET account = {}", other.account);
    raw::run(&stand, &moved).await;
    assert!(stand.store.home(other.account).await.is_err());
}
