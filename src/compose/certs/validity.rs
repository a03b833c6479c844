//! The validity of certificates that are issued now, in seconds since 1970.

use crate::trust::certificate::Certificate;
use crate::trust::time::{DAY, Time};

/// Days before the end of a server certificate at which it is renewed.
const RENEWAL_WINDOW_DAYS: i64 = 30;
/// Days before the end of a CA at which every run reports it: time to install the next one in all clients.
const CA_WARNING_DAYS: i64 = 90;
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

/// Whether less than 30 days of a certificate's validity are left, or less than a third of a short one.
pub(crate) fn renewal_is_due(certificate: &Certificate, now: Time) -> bool {
    certificate.ends_within(RENEWAL_WINDOW_DAYS, now)
}

/// Whether a CA expires so soon that clients need the next one.
pub(crate) fn ca_ends(ca: &Certificate, now: Time) -> bool {
    ca.not_after.seconds() - now.seconds() < CA_WARNING_DAYS * DAY
}
