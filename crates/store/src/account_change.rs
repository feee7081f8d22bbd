//! What may be done to an account, and under which code it is remembered.

use crate::{accounts::NewAccount, homes::SealedHome, passkeys::NewPasskey, subjects::Binding};
use domain::{case::AccountId, people::Duty, workflow::Code};
use jiff::Timestamp;

/// A change of an account.
#[derive(Debug, Clone)]
pub enum AccountChange {
    /// A new one; it has no power until roles are given, and its password must be changed.
    Create(NewAccount),
    /// Other roles.
    Roles(Vec<Code>),
    /// Closed for good.
    Close,
    /// A first password again, as a PHC string; all sessions end.
    Password(String),
    /// The second factor is forgotten, and must be set up again where roles need it.
    ForgetFactor,
    /// All sessions end.
    EndSessions,
    /// Away, and somebody of the same unit acts instead.
    Absent {
        /// Who acts.
        deputy: AccountId,
        /// From then.
        since: Timestamp,
        /// Until then.
        until: Timestamp,
    },
    /// Back, whatever was noted.
    Back,
    /// An identity of the provider comes in as this account from now on.
    Bind(Binding),
    /// No identity of this issuer comes in as this account any more.
    Unbind(String),
    /// A passkey more.
    AddPasskey(NewPasskey),
    /// The passkey with this handle is worth nothing any more.
    RemovePasskey(String),
    /// Where they live; nothing forgets it.
    Home(Option<SealedHome>),
}

impl AccountChange {
    pub(crate) fn duty(&self) -> Duty {
        match self {
            Self::Create(_) => Duty::Create,
            Self::Roles(_) => Duty::Roles,
            Self::Close => Duty::Close,
            Self::Password(_) => Duty::Password,
            Self::ForgetFactor => Duty::Factor,
            Self::EndSessions => Duty::Sessions,
            Self::Absent { .. } | Self::Back => Duty::Absence,
            Self::Bind(_) => Duty::Bind,
            Self::Unbind(_) => Duty::Unbind,
            Self::AddPasskey(_) => Duty::AddPasskey,
            Self::RemovePasskey(_) => Duty::RemovePasskey,
            Self::Home(_) => Duty::Home,
        }
    }

    /// Codes that say more: the roles that were given.
    pub(crate) fn detail(&self) -> String {
        match self {
            Self::Roles(roles) => roles.join(","),
            Self::Create(new) => new.roles.join(","),
            _ => String::new(),
        }
    }
}
