//! Points in time, as in certificates.

use std::fmt::{self, Display};

use x509_parser::prelude::ASN1Time;

use crate::sys::log_record::timestamp;

/// Seconds in a day.
pub(crate) const DAY: i64 = 86_400;

/// A point in time, in seconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub(crate) ASN1Time);

impl Time {
    /// Returns the current time.
    pub fn now() -> Self {
        Self(ASN1Time::now())
    }

    /// Returns the seconds since 1970-01-01 UTC.
    pub fn seconds(self) -> i64 {
        self.0.timestamp()
    }

    /// Returns the days from `now` to this time, rounded up; zero or less if it is over.
    pub fn days_from(self, now: Self) -> i64 {
        -(now.seconds() - self.seconds()).div_euclid(DAY)
    }

    /// Returns date and time as in RFC 3339, in UTC.
    pub fn moment(self) -> String {
        timestamp(self.0.to_datetime())
    }
}

/// The date, as in RFC 3339.
impl Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.0.to_datetime().date();
        write!(f, "{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
    }
}
