//! Press texts whose numbers are figures: how a number is said, whether the words around it are true
//! of it, which claims need evidence, and which cells of a published table stay hidden.
//!
//! Decides what a release may say. Never counts, never asks what day it is, and never lets a number
//! into a sentence that its definition does not fit.

pub mod place;
pub mod wording;
