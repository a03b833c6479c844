//! The validity of certificates that are issued now, in seconds since 1970.

use crate::trust::certificate::Certificate;
use crate::trust::time::Time;

/// Days before the end of a server certificate at which it is renewed.
const RENEWAL_WINDOW_DAYS: i64 = 30;
/// Seconds in a day.
pub(crate) const DAY: i64 = 86_400;
/// Seconds by which clients' clocks may be slow: validity begins so much before the time of issue.
const CLOCK_SKEW: i64 = 3_600;
/// Validity of a CA in days: ten years.
const CA_DAYS: i64 = 3_650;

/// Returns the first second of the validity.
pub(crate) fn not_before(now: Time) -> i64 {
    now.seconds() - CLOCK_SKEW
}

/// Returns the second after a CA's validity.
pub(crate) fn ca_end(now: Time) -> i64 {
    not_before(now) + CA_DAYS * DAY
}

/// Returns the second after a validity of `days`, whatever the CA's.
pub(crate) fn requested_end(days: u32, now: Time) -> i64 {
    not_before(now) + i64::from(days) * DAY
}

/// Returns the second after a server certificate's validity, which does not exceed its CA's.
pub(crate) fn server_end(days: u32, now: Time, ca: &Certificate) -> i64 {
    requested_end(days, now).min(ca.not_after.seconds())
}

/// Whether less than 30 days of a certificate's validity, or less than a third of it, are left.
pub(crate) fn renewal_is_due(certificate: &Certificate, now: Time) -> bool {
    let (from, to) = (certificate.not_before.seconds(), certificate.not_after.seconds());
    to - now.seconds() < (RENEWAL_WINDOW_DAYS * DAY).min((to - from) / 3)
}
