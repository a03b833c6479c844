//! Several things that take a while, done at once and told in order; who waits at a terminal is told for
//! which.

use std::fmt::Display;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::sys::output::Report;

/// How long nobody wonders what is going on.
const PAUSE: Duration = Duration::from_secs(1);

/// What comes of `work` on each of `things`, in their order, on so many `at_once`. A terminal shows
/// what is waited for, if there is anybody to tell.
pub fn several<T: Display + Sync, R: Send>(
    things: &[T],
    at_once: usize,
    report: Option<Report>,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let begin = Instant::now();
    let (next, (sender, receiver)) = (AtomicUsize::new(0), mpsc::channel());
    let mut done: Vec<Option<R>> = things.iter().map(|_| None).collect();
    thread::scope(|scope| {
        for _ in 0..things.len().min(at_once) {
            let (next, work, sender) = (&next, &work, sender.clone());
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(thing) = things.get(at) else { break };
                    // Nobody hears it only if nobody wants to.
                    let _ = sender.send((at, work(thing)));
                }
            });
        }
        drop(sender);
        let mut shown = None;
        loop {
            match receiver.recv_timeout(PAUSE) {
                Ok((at, result)) => {
                    done.get_mut(at).map(|place| place.replace(result));
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
            if let Some(report) = report.filter(|_| begin.elapsed() >= PAUSE) {
                report.progress(&waiting(things, &done));
                shown = Some(report);
            }
        }
        if let Some(report) = shown {
            report.progress("");
        }
    });
    done.into_iter().flatten().collect()
}

/// What is still to come.
fn waiting<T: Display, R>(things: &[T], done: &[Option<R>]) -> String {
    let mut late = things.iter().zip(done).filter(|(_, result)| result.is_none());
    let Some((first, _)) = late.next() else { return String::new() };
    match late.count() {
        0 => format!("waiting for {first}"),
        more => format!("waiting for {first} and {more} more"),
    }
}
