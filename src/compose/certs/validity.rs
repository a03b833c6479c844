//! When certificates that are issued now begin and end.

use crate::trust::certificate::Certificate;
use crate::trust::time::Time;

/// Seconds in a day.
pub(crate) const DAY: i64 = 86_400;
/// Clocks differ: a certificate is valid from an hour before it was issued.
const CLOCK_SKEW: i64 = 3_600;
/// A CA's years, in days.
const CA_DAYS: i64 = 3_650;

/// The first second of a certificate.
pub(crate) fn not_before(now: Time) -> i64 {
    now.seconds() - CLOCK_SKEW
}

/// The second after the last one of a CA.
pub(crate) fn ca_end(now: Time) -> i64 {
    not_before(now) + CA_DAYS * DAY
}

/// The second after the last one of a server's certificate, as far as its CA is valid so long.
pub(crate) fn requested_end(days: u32, now: Time) -> i64 {
    not_before(now) + i64::from(days) * DAY
}

/// The same, never after its CA.
pub(crate) fn server_end(days: u32, now: Time, ca: &Certificate) -> i64 {
    requested_end(days, now).min(ca.not_after.seconds())
}
