//! The contract of the database layer: one body, both databases.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
#![allow(clippy::doc_markdown, reason = "SQLite and PostgreSQL are names, not code")]

#[path = "../common/mod.rs"]
mod common;
mod lanes;
mod life;
mod lite;
mod mixes;
mod values;
mod writes;

/// Makes each function a test on each database.
macro_rules! contract {
    ($($file:ident: $($name:ident),*;)*) => {
        mod sqlite {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() { crate::$file::$name(crate::common::Backend::Lite).await; })*)*
        }
        mod postgres {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() { crate::$file::$name(crate::common::Backend::Postgres).await; })*)*
        }
    };
}

contract! {
    mixes: counts_and_isolation_hold_in_random_mixes;
    values: values_come_back_as_they_went, parameters_bind_by_number, getters_name_what_is_wrong, wrong_parameters_are_faults, a_snapshot_sees_one_instant, several_questions_at_once, errors_repeat_no_values, statements_are_checked_without_running;
    writes: a_conflict_undoes_its_own_work_only, a_refusal_after_a_write_leaves_nothing, an_overlooked_failure_still_fails, a_panic_costs_its_own_work_only, a_missed_version_is_a_conflict, rivals_for_a_version_all_get_through, rivals_for_a_sequence_all_get_through, every_write_is_answered_once_and_seen_at_once, a_full_queue_is_busy, an_abandoned_write_is_still_done, only_what_must_survive_a_power_cut_waits_for_the_disk;
    life: closing_finishes_and_then_refuses, migrations_run_once, migrations_refuse_what_they_do_not_know;
}
