//! Makes every program in a container trust a private CA.
//!
//! Five rooms: `sys <- trust <- {init, doctor, compose}`. A room uses only the rooms to its left; compose
//! may use doctor's report, and no room uses init. `tests/it/repository/tidy.rs` checks this.

#![cfg_attr(
    not(all(feature = "compose", feature = "doctor", target_os = "linux")),
    allow(
        dead_code,
        unreachable_pub,
        unused_imports,
        reason = "checked where all programs are built"
    )
)]

pub mod sys;
pub mod trust;

#[cfg(target_os = "linux")]
pub mod init;
#[cfg(all(feature = "doctor", target_os = "linux"))]
pub mod doctor;
#[cfg(feature = "compose")]
pub mod compose;
