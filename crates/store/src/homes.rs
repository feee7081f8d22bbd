//! Where members of staff live: village and telephone of the household, given of their own accord or
//! by an administrator, sealed, and used for one thing: to propose whom to keep out of a case. An
//! address would help nothing there, so none is asked for.
//!
//! Nobody reads another's: what leaves this module is one's own, whether there is something, or that
//! two are alike.

use crate::{
    Store,
    db::{Batch, Error, P, Reader, Stmt, Tx},
    dossier,
};
use domain::case::AccountId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use vault::{Keys, Purpose};

static SET: Stmt = Stmt::new(
    "INSERT INTO staff_homes (account, key, body, phone, village) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (account) DO UPDATE SET key = $2, body = $3, phone = $4, village = $5",
);
/// The home of an account goes with it.
pub(crate) static FORGET: Stmt = Stmt::new("DELETE FROM staff_homes WHERE account = $1");
static OWN: Stmt = Stmt::new("SELECT key, body FROM staff_homes WHERE account = $1");
static SAME_PHONE: Stmt = Stmt::new("SELECT account FROM staff_homes WHERE phone = $1 LIMIT 100");
static SAME_VILLAGE: Stmt =
    Stmt::new("SELECT account FROM staff_homes WHERE village = $1 ORDER BY account LIMIT 1000");
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[&SET, &FORGET, &OWN, &SAME_PHONE, &SAME_VILLAGE];

/// The household of a member of staff; each part may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Home {
    /// Code of the village.
    pub village: String,
    /// Telephone of the household, as it was written.
    pub phone: String,
}

/// A home, sealed for its account.
#[derive(Debug, Clone)]
pub struct SealedHome {
    key: Vec<u8>,
    body: Vec<u8>,
    phone: Option<[u8; 32]>,
    village: Option<[u8; 32]>,
}

/// What binds the bytes of a home to its account.
pub(crate) fn place(account: AccountId) -> [u8; 13] {
    let mut aad = *b"home \0\0\0\0\0\0\0\0";
    aad[5..].copy_from_slice(&account.to_be_bytes());
    aad
}

/// The tag of a village among homes; it is of no use anywhere else.
fn village_tag(keys: &Keys, code: &str) -> [u8; 32] {
    keys.mac(Purpose::Sessions, format!("village of a home {code}").as_bytes())
}

/// The tag of a telephone among homes: another than that by which cases are found, so that a stolen
/// database does not show that a colleague's household has a case.
fn phone_tag(keys: &Keys, dialled: &[u8; 16]) -> [u8; 32] {
    keys.mac(Purpose::Sessions, &[b"telephone of a home ".as_slice(), dialled].concat())
}

/// Puts a home in place of what was there; nothing forgets it.
pub(crate) async fn set(
    tx: &mut Tx,
    account: AccountId,
    home: Option<&SealedHome>,
) -> Result<(), Error> {
    let Some(home) = home else {
        tx.exec(&FORGET, &[account.into()]).await?;
        return Ok(());
    };
    let row = [
        account.into(),
        (&home.key).into(),
        (&home.body).into(),
        home.phone.as_ref().map_or(P::Null, |tag| P::Blob(tag)),
        home.village.as_ref().map_or(P::Null, |tag| P::Blob(tag)),
    ];
    tx.exec(&SET, &row).await?;
    Ok(())
}

/// Accounts whose household is like somebody's in a case.
#[derive(Debug, Default)]
pub(crate) struct Near {
    /// The same telephone.
    pub(crate) phone: BTreeSet<AccountId>,
    /// The same village.
    pub(crate) village: BTreeSet<AccountId>,
}

/// Who lives with one of these telephones, and who in this place.
pub(crate) async fn near(
    reader: &mut Reader,
    keys: &Keys,
    (phones, place): (&BTreeSet<[u8; 16]>, &str),
) -> Result<Near, Error> {
    let mut batch = Batch::new();
    let tag = village_tag(keys, place);
    batch.add(&SAME_VILLAGE, &[P::Blob(&tag)]);
    let phones: Vec<[u8; 32]> = phones.iter().map(|phone| phone_tag(keys, phone)).collect();
    for phone in &phones {
        batch.add(&SAME_PHONE, &[P::Blob(phone)]);
    }
    let mut near = Near::default();
    for (n, rows) in reader.rows_all(batch).await?.iter().enumerate() {
        let all = if n == 0 { &mut near.village } else { &mut near.phone };
        for row in rows {
            all.insert(row.int(0)?);
        }
    }
    Ok(near)
}

impl Store {
    /// A home, sealed for an account; none when there is nothing in it.
    pub fn seal_home(&self, account: AccountId, home: &Home) -> Option<SealedHome> {
        if home.village.is_empty() && home.phone.trim().is_empty() {
            return None;
        }
        let aad = place(account);
        let (key, wrapped) = self.keys.new_case_key(&aad);
        let json = serde_json::to_vec(home).unwrap_or_default();
        let village = (!home.village.is_empty()).then(|| village_tag(&self.keys, &home.village));
        let dialled = dossier::phone_tag(&self.keys, &home.phone);
        let phone = dialled.map(|dialled| phone_tag(&self.keys, &dialled));
        Some(SealedHome { key: wrapped, body: key.seal(&aad, &json), phone, village })
    }

    /// Whether this is a telephone that can be compared.
    pub fn is_phone(&self, typed: &str) -> bool {
        dossier::phone_tag(&self.keys, typed).is_some()
    }

    /// The home that an account has on file, for itself alone.
    ///
    /// # Errors
    /// When the database fails or the row was altered.
    pub async fn home(&self, account: AccountId) -> Result<Option<Home>, Error> {
        let row = self.db.read().await?.row(&OWN, &[account.into()]).await?;
        let Some(row) = row else { return Ok(None) };
        let aad = place(account);
        let key =
            self.keys.unwrap(&aad, row.blob(0)?).map_err(|e| row.corrupt(0, e.to_string()))?;
        let body = key.open(&aad, row.blob(1)?).map_err(|e| row.corrupt(1, e.to_string()))?;
        serde_json::from_slice(&body).map(Some).map_err(|_| row.corrupt(1, "not a home"))
    }

    /// Whether an account has a home on file.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_home(&self, account: AccountId) -> Result<bool, Error> {
        Ok(self.db.read().await?.row(&OWN, &[account.into()]).await?.is_some())
    }
}
