//! Press texts whose numbers are figures: how a number is said, whether the words around it are true
//! of it, which claims need evidence, and which cells of a published table stay hidden.
//!
//! Decides what a release may say. Never counts, never asks what day it is, and never lets a number
//! into a sentence that its definition does not fit.

mod claims;
mod compose;
mod edition;
mod fit;
mod hiding;
mod marks;
mod place;
#[cfg(test)]
mod sample;
mod split;
mod wording;
mod words;

pub use claims::{Claim, Found, Kind, Unproved, claims};
pub use compose::{
    Composed, Counted, Material, Need, Refused, Statement, compose, compose_english,
};
pub(crate) use edition::release;
pub use edition::{
    CLAIMS, DIGEST, Difference, Edition, Fill, Filled, Table, asked, asked_for, numbers, releasing,
};
pub use fit::{Misfit, Setting, Why};
pub use hiding::{CellId, Hidden, Rule, Standing, Tables, Unpublishable};
pub use place::{Piece, Place, PlaceFault, Position, Template, Unreadable};
pub use split::{Counts, Number, Parts, Past, Scene, Spot, Told};
pub use wording::{Decimal, Form, Hedge, Over, Ratio, Said, Style, Unsayable};
pub use words::{Press, Printed, Standard};
