//! Administration of accounts: every change is checked, done and remembered in one transaction.
//! The rules themselves are `domain::people`'s.

use crate::{
    AccountChange, Store,
    accounts::{Account, NewAccount, account},
    db::{Error, P, Stmt, Tx, Work, WriteError},
    deeds::Record,
    factors::{FORGET, FORGET_CODES},
    homes, passkeys, project, subjects,
};
use domain::{
    audit::Deed,
    case::{AccountId, Actor, By, Case, Staff},
    circle,
    decide::Ctx,
    pack::Pack,
    people::{self, Duty, NotSo},
    workflow::Code,
};
use jiff::Timestamp;
use std::{collections::BTreeSet, sync::Arc};
use vault::Keys;

pub(crate) static ONE: Stmt = Stmt::locking(
    "SELECT id, username, password, name, unit, roles FROM accounts WHERE id = $1 AND active = 1",
);
static TAKEN: Stmt = Stmt::new("SELECT 1 FROM accounts WHERE username = $1");
static CREATE: Stmt = Stmt::new(
    "INSERT INTO accounts (username, password, name, unit, roles, active, must_change)
     VALUES ($1, $2, $3, $4, $5, 1, 1) RETURNING id",
);
static ROLES: Stmt = Stmt::new("UPDATE accounts SET roles = $2 WHERE id = $1 AND active = 1");
/// The name becomes free, and the password fits nobody.
static CLOSE: Stmt = Stmt::new(
    "UPDATE accounts SET active = 0, password = '', username = username || '#' || CAST(id AS TEXT)
     WHERE id = $1 AND active = 1",
);
static PASSWORD: Stmt =
    Stmt::new("UPDATE accounts SET password = $2, must_change = $3 WHERE id = $1 AND active = 1");
static MUST_CHANGE: Stmt = Stmt::new("SELECT must_change FROM accounts WHERE id = $1");
static END_SESSIONS: Stmt = Stmt::new("DELETE FROM sessions WHERE account = $1");
/// Everybody who holds a role: two who leave at once must wait for one another.
static HOLDERS: Stmt =
    Stmt::locking("SELECT id FROM accounts WHERE active = 1 AND roles LIKE $1 AND id <> $2");
static HOLDERS_IN: Stmt = Stmt::locking(
    "SELECT id FROM accounts WHERE unit = $1 AND active = 1 AND roles LIKE $2 AND id <> $3",
);
static OPEN_IN: Stmt = Stmt::new(
    "SELECT c.body FROM desk d JOIN cases c ON c.id = d.case_id
     WHERE d.unit = $1 AND d.state = $2 ORDER BY d.case_id LIMIT 5000",
);
/// The sealed cases of whose circle somebody is.
static KNOWN: Stmt = Stmt::new(
    "SELECT c.body FROM desk d JOIN cases c ON c.id = d.case_id
     WHERE d.unit = $1 ORDER BY d.case_id LIMIT 5000",
);
static ABSENT: Stmt =
    Stmt::new("INSERT INTO absences (account, deputy, since, until) VALUES ($1, $2, $3, $4)");
static BACK: Stmt = Stmt::new("UPDATE absences SET until = $2 WHERE account = $1 AND until > $2");
static DEPUTY_FOR: Stmt = Stmt::new(
    "SELECT a.id, a.username, a.password, a.name, a.unit, a.roles FROM absences x
     JOIN accounts a ON a.id = x.account
     WHERE x.deputy = $1 AND x.since <= $2 AND x.until > $2 AND a.active = 1
     ORDER BY a.id LIMIT 20",
);
static ABSENCES: Stmt = Stmt::new(
    "SELECT deputy, since, until FROM absences
     WHERE account = $1 AND until > $2 ORDER BY since LIMIT 20",
);
/// Every statement of this module, so that all can be checked.
pub(crate) static STATEMENTS: &[&Stmt] = &[
    &ONE,
    &TAKEN,
    &CREATE,
    &ROLES,
    &CLOSE,
    &PASSWORD,
    &MUST_CHANGE,
    &END_SESSIONS,
    &HOLDERS,
    &HOLDERS_IN,
    &OPEN_IN,
    &KNOWN,
    &ABSENT,
    &BACK,
    &DEPUTY_FOR,
    &ABSENCES,
];

/// The longest absence, in days: a longer one is a move.
const LONGEST_ABSENCE: i64 = 200;
const DAY: i64 = 86_400_000_000;

/// An absence that is noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Absence {
    /// Who acts instead.
    pub deputy: AccountId,
    /// From then.
    pub since: Timestamp,
    /// Until then.
    pub until: Timestamp,
}

/// The open cases of one state that an account owns.
#[derive(Debug, Clone)]
pub struct Owned {
    /// Workflow and state.
    pub state: (Code, Code),
    /// The role that the state waits for.
    pub role: Code,
    /// The cases.
    pub cases: Vec<Case>,
}

struct Administer {
    pack: Arc<Pack>,
    keys: Arc<Keys>,
    at: i64,
    command: [u8; 16],
    doer: Option<Staff>,
    whom: AccountId,
    change: AccountChange,
}

impl Work for Administer {
    type Reply = AccountId;
    type Refusal = NotSo;

    async fn run(&self, tx: &mut Tx) -> Result<AccountId, WriteError<NotSo>> {
        let whom = match &self.change {
            AccountChange::Create(new) => self.create(tx, new).await?,
            change => {
                let row = tx.row(&ONE, &[self.whom.into()]).await?;
                let found = account(&row.ok_or(WriteError::Refused(NotSo::Unfit))?)?;
                self.allowed(&found.staff())?;
                self.apply(tx, &found, change).await?;
                found.id
            }
        };
        let deed = Deed::Administered {
            what: self.change.duty().code().to_owned(),
            whom: Some(whom),
            detail: self.change.detail(),
        };
        let record = match &self.doer {
            Some(doer) => Record::of(doer, vec![deed]),
            None => Record::about(whom, By::System, deed),
        };
        record.append(tx, (&self.keys, self.at, &self.command)).await?;
        Ok(whom)
    }
}

impl Administer {
    fn allowed(&self, whom: &Staff) -> Result<(), WriteError<NotSo>> {
        let duty = self.change.duty();
        people::may(&self.pack, self.doer.as_ref(), whom, duty).map_err(WriteError::Refused)
    }

    /// Whether roles may come with a new account: on the page that is another hand's business.
    async fn create(&self, tx: &mut Tx, new: &NewAccount) -> Result<i64, WriteError<NotSo>> {
        self.allowed(&Staff { account: 0, unit: new.unit.clone(), roles: Vec::new() })?;
        if self.doer.is_some() && !new.roles.is_empty() {
            return Err(WriteError::Refused(NotSo::NotYours));
        }
        people::may_hold(&self.pack, &new.unit, &new.roles).map_err(WriteError::Refused)?;
        let taken = tx.row(&TAKEN, &[(&new.username).into()]).await?.is_some();
        if taken || !people::is_name(&new.username) {
            return Err(WriteError::Refused(NotSo::BadName));
        }
        let roles = crate::text_of(&new.roles);
        let row = [
            (&new.username).into(),
            (&new.password).into(),
            (&new.name).into(),
            (&new.unit).into(),
            P::Text(&roles),
        ];
        Ok(tx.row(&CREATE, &row).await?.map_or(Ok(0), |r| r.int(0))?)
    }

    async fn apply(
        &self,
        tx: &mut Tx,
        whom: &Account,
        change: &AccountChange,
    ) -> Result<(), WriteError<NotSo>> {
        let id = [whom.id.into()];
        match change {
            AccountChange::Create(_) => {}
            AccountChange::Roles(roles) => {
                people::may_hold(&self.pack, &whom.unit, roles).map_err(WriteError::Refused)?;
                self.may_give_up(tx, whom, roles).await?;
                let text = crate::text_of(roles);
                tx.exec_one(&ROLES, &[whom.id.into(), P::Text(&text)]).await?;
                // Whoever came in under the old roles must come in again under the new.
                tx.exec(&END_SESSIONS, &id).await?;
            }
            AccountChange::Close => {
                self.may_give_up(tx, whom, &[]).await?;
                tx.exec_one(&CLOSE, &id).await?;
                for stmt in [
                    &END_SESSIONS,
                    &FORGET,
                    &FORGET_CODES,
                    &passkeys::FORGET,
                    &subjects::FORGET,
                    &homes::FORGET,
                ] {
                    tx.exec(stmt, &id).await?;
                }
                tx.exec(&BACK, &[whom.id.into(), self.at.into()]).await?;
            }
            AccountChange::Password(hash) => {
                tx.exec_one(&PASSWORD, &[whom.id.into(), hash.into(), true.into()]).await?;
                tx.exec(&END_SESSIONS, &id).await?;
            }
            AccountChange::ForgetFactor => {
                for stmt in [&END_SESSIONS, &FORGET, &FORGET_CODES, &passkeys::FORGET] {
                    tx.exec(stmt, &id).await?;
                }
            }
            AccountChange::EndSessions => {
                tx.exec(&END_SESSIONS, &id).await?;
            }
            AccountChange::Absent { deputy, since, until } => {
                self.may_deputise(tx, whom, *deputy).await?;
                let (since, until) = (since.as_microsecond(), until.as_microsecond());
                if until <= since.max(self.at) || until - since > LONGEST_ABSENCE * DAY {
                    return Err(WriteError::Refused(NotSo::BadDays));
                }
                tx.exec(&BACK, &[whom.id.into(), self.at.into()]).await?;
                let row = [whom.id.into(), (*deputy).into(), since.into(), until.into()];
                tx.exec(&ABSENT, &row).await?;
            }
            AccountChange::Back => {
                tx.exec(&BACK, &[whom.id.into(), self.at.into()]).await?;
            }
            AccountChange::Bind(binding) => binding.bind(tx, whom.id).await?,
            AccountChange::Unbind(issuer) => subjects::unbind(tx, whom.id, issuer).await?,
            AccountChange::AddPasskey(new) => new.add(tx, whom.id, self.at).await?,
            AccountChange::Home(home) => homes::set(tx, whom.id, home.as_ref()).await?,
            AccountChange::RemovePasskey(handle) => {
                passkeys::remove(tx, (&self.pack, whom), handle).await?;
            }
        }
        Ok(())
    }

    async fn may_deputise(
        &self,
        tx: &mut Tx,
        whom: &Account,
        deputy: AccountId,
    ) -> Result<(), WriteError<NotSo>> {
        let unfit = WriteError::Refused(NotSo::Unfit);
        let Some(row) = tx.row(&ONE, &[deputy.into()]).await? else { return Err(unfit) };
        let deputy = account(&row)?;
        let administrates = |a: &Account| self.pack.administers(&a.roles).is_some();
        let fits = deputy.id != whom.id
            && deputy.unit == whom.unit
            && !administrates(&deputy)
            && !administrates(whom);
        if fits { Ok(()) } else { Err(unfit) }
    }

    /// Whether an account may go down to these roles: it is not the last administrator of its
    /// kind, owns no open case that it could not own then, and no open case of the unit is left
    /// waiting for a role that nobody there holds.
    async fn may_give_up(
        &self,
        tx: &mut Tx,
        whom: &Account,
        kept: &[Code],
    ) -> Result<(), WriteError<NotSo>> {
        let gone: Vec<&Code> = whom.roles.iter().filter(|r| !kept.contains(r)).collect();
        if let Some(kind) = self.pack.administers(&whom.roles)
            && self.pack.administers(kept) != Some(kind)
        {
            let mut others = false;
            for role in self.pack.roles.values().filter(|r| r.administers == Some(kind)) {
                let like = holds(&role.code);
                let params = [P::Text(&like), whom.id.into()];
                others |= !tx.rows(&HOLDERS, &params).await?.is_empty();
            }
            if !others {
                return Err(WriteError::Refused(NotSo::LastAdministrator));
            }
        }
        let mut owned = 0;
        let mut waits: BTreeSet<&str> = BTreeSet::new();
        for (list, roles) in open_lists(&self.pack) {
            let cases = tx.rows(&OPEN_IN, &[(&whom.unit).into(), P::Text(&list)]).await?;
            for row in &cases {
                let case = crate::parse_case(row, 0)?;
                owned += u32::from(
                    case.owner == Some(whom.id) && !people::can_own(&self.pack, &case, kept),
                );
            }
            if !cases.is_empty() {
                waits.extend(roles.into_iter().filter(|role| gone.iter().any(|r| r == role)));
            }
        }
        self.leaves_circles_held(tx, whom, kept).await?;
        if owned > 0 {
            return Err(WriteError::Refused(NotSo::OwnsCases(owned)));
        }
        for role in waits {
            let like = holds(role);
            let params = [(&whom.unit).into(), P::Text(&like), whom.id.into()];
            if tx.rows(&HOLDERS_IN, &params).await?.is_empty() {
                return Err(WriteError::Refused(NotSo::NobodyLeft(role.to_owned())));
            }
        }
        Ok(())
    }
}

impl Administer {
    /// Whether every sealed case that an account knows of is in somebody's hands as before when it
    /// goes down to these roles, and is nobody's who is gone.
    async fn leaves_circles_held(
        &self,
        tx: &mut Tx,
        whom: &Account,
        kept: &[Code],
    ) -> Result<(), WriteError<NotSo>> {
        let at = Timestamp::from_microsecond(self.at).unwrap_or_default();
        let actor = Actor::System;
        let ctx = Ctx::bare(at, &self.pack, &actor);
        let known = project::circle_unit(whom.id);
        for row in tx.rows(&KNOWN, &[(&known).into()]).await? {
            let case = crate::parse_case(&row, 0)?;
            let Some(ids) = &case.guarded.circle else { continue };
            let people = crate::circle::people(tx, ids).await?;
            if !circle::may_give_up(ctx, &case, &people, (whom.id, kept)) {
                return Err(WriteError::Refused(NotSo::OnlyInsider));
            }
        }
        Ok(())
    }
}

/// A pattern for the roles of an account, which are a list in JSON. A role's code has no sign
/// that means something in a pattern but `_`, which stands for itself too.
fn holds(role: &str) -> String {
    format!("%\"{role}\"%")
}

/// The list of each open state of each workflow, and the roles that it waits for.
fn open_lists(pack: &Pack) -> impl Iterator<Item = (String, Vec<&str>)> {
    pack.workflows.values().flat_map(|flow| {
        let open = flow.states.iter().filter(|state| state.is_open());
        open.map(|state| (project::own_list(&flow.code, &state.code), state.expected().collect()))
    })
}

impl Store {
    /// Changes an account; answers its id. `doer` is the administrator, or none for whoever
    /// commands the machine itself. For a new account `whom` is not looked at.
    ///
    /// # Errors
    /// When the rules refuse, or the database fails.
    pub async fn administer(
        &self,
        (pack, now): (&Arc<Pack>, Timestamp),
        doer: Option<&Staff>,
        whom: AccountId,
        change: AccountChange,
    ) -> Result<AccountId, WriteError<NotSo>> {
        let (pack, keys, doer) = (pack.clone(), self.keys.clone(), doer.cloned());
        let (at, command) = (now.as_microsecond(), rand::random());
        self.db.write(Administer { pack, keys, at, command, doer, whom, change }).await
    }

    /// Whether the password of an account must be changed before anything else.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn must_change_password(&self, account: AccountId) -> Result<bool, Error> {
        let row = self.db.read().await?.row(&MUST_CHANGE, &[account.into()]).await?;
        Ok(row.map_or(Ok(0), |row| row.int(0))? == 1)
    }

    /// Those for whom an account acts at this instant.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn deputy_for(
        &self,
        account_id: AccountId,
        now: Timestamp,
    ) -> Result<Vec<Account>, Error> {
        let params = [account_id.into(), now.as_microsecond().into()];
        let rows = self.db.read().await?.rows(&DEPUTY_FOR, &params).await?;
        rows.iter().map(account).collect()
    }

    /// The absences of an account that have not ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn absences(
        &self,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Vec<Absence>, Error> {
        let params = [account.into(), now.as_microsecond().into()];
        let rows = self.db.read().await?.rows(&ABSENCES, &params).await?;
        let absence = |row: &crate::db::Row| {
            let at = |column: usize| {
                let at = Timestamp::from_microsecond(row.int(column)?);
                at.map_err(|e| row.corrupt(column, e.to_string()))
            };
            Ok(Absence { deputy: row.int(0)?, since: at(1)?, until: at(2)? })
        };
        rows.iter().map(absence).collect()
    }

    /// The open cases that an account owns, by state: what must be handed over before it closes.
    ///
    /// # Errors
    /// When the database fails or a row is corrupt.
    pub async fn owned(&self, pack: &Pack, whom: &Account) -> Result<Vec<Owned>, Error> {
        let mut all = Vec::new();
        let mut reader = self.db.page().await?;
        for flow in pack.workflows.values() {
            for state in &flow.states {
                let Some(unit) = pack.units.get(&whom.unit) else { continue };
                let Some(role) = state.expected().find(|r| pack.can_hold(r, unit)) else {
                    continue;
                };
                let list = project::own_list(&flow.code, &state.code);
                let rows = reader.rows(&OPEN_IN, &[(&whom.unit).into(), P::Text(&list)]).await?;
                let cases = rows.iter().map(|row| crate::parse_case(row, 0));
                let cases: Vec<Case> = cases.collect::<Result<_, _>>()?;
                let cases: Vec<Case> =
                    cases.into_iter().filter(|c| c.owner == Some(whom.id)).collect();
                if !cases.is_empty() {
                    let state = (flow.code.clone(), state.code.clone());
                    all.push(Owned { state, role: role.to_owned(), cases });
                }
            }
        }
        Ok(all)
    }

    /// Gives the cases of one state that an account owns to somebody of the same unit who holds
    /// the role; answers how many. Each is an event of its case.
    ///
    /// # Errors
    /// When the rules refuse, or the database fails; done again it goes on.
    pub async fn hand_over(
        &self,
        (pack, now): (&Arc<Pack>, Timestamp),
        doer: Option<&Staff>,
        (from, to): (AccountId, AccountId),
        state: &(Code, Code),
    ) -> Result<usize, WriteError<NotSo>> {
        let unfit = || WriteError::Refused(NotSo::Unfit);
        let from = self.active_account(from).await?.ok_or_else(unfit)?;
        people::may(pack, doer, &from.staff(), Duty::Close).map_err(WriteError::Refused)?;
        let to = self.active_account(to).await?.ok_or_else(unfit)?;
        let owned = self.owned(pack, &from).await?;
        let owned: Vec<Owned> = owned.into_iter().filter(|o| o.state == *state).collect();
        let fits =
            |o: &Owned| to.unit == from.unit && to.id != from.id && to.roles.contains(&o.role);
        if !owned.iter().all(fits) {
            return Err(unfit());
        }
        let mut moved = 0;
        for case in owned.iter().flat_map(|o| &o.cases) {
            let people = (from.id, to.staff());
            moved += usize::from(self.hand_one(pack, now, doer, (case.id, people)).await?);
        }
        Ok(moved)
    }
}
