//! All servers are called at once and told in order; who waits at a terminal is told for whom.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rustls::RootCertStore;

use super::handshake::{Heard, call};
use super::target::Target;
use crate::report::Report;

/// How many are called at the same time.
const LINES: usize = 16;

/// How long nobody wonders what is going on.
const PAUSE: Duration = Duration::from_secs(1);

/// What comes of a call to each of `targets`, in their order. Under `is_told` a terminal shows who has
/// not answered yet.
pub fn all<'a>(
    targets: &'a [Target],
    roots: &Arc<RootCertStore>,
    patience: Duration,
    is_told: bool,
    report: Report,
) -> Vec<(&'a Target, Heard)> {
    let begin = Instant::now();
    let (next, (sender, receiver)) = (AtomicUsize::new(0), mpsc::channel());
    let mut heard: Vec<Option<Heard>> = targets.iter().map(|_| None).collect();
    thread::scope(|scope| {
        for _ in 0..targets.len().min(LINES) {
            let (next, sender) = (&next, sender.clone());
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(target) = targets.get(at) else { break };
                    // Nobody hears it only if nobody wants to.
                    let _ = sender.send((at, call(target, roots, patience)));
                }
            });
        }
        drop(sender);
        let mut shown = false;
        loop {
            match receiver.recv_timeout(PAUSE) {
                Ok((at, answer)) => {
                    heard.get_mut(at).map(|place| place.replace(answer));
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
            if is_told && begin.elapsed() >= PAUSE {
                shown = true;
                report.progress(&waiting(targets, &heard));
            }
        }
        if shown {
            report.progress("");
        }
    });
    targets.iter().zip(heard).filter_map(|(target, heard)| Some((target, heard?))).collect()
}

/// Whose answer is awaited.
fn waiting(targets: &[Target], heard: &[Option<Heard>]) -> String {
    let mut late = targets.iter().zip(heard).filter(|(_, heard)| heard.is_none());
    let Some((first, _)) = late.next() else { return String::new() };
    match late.count() {
        0 => format!("waiting for {first}"),
        more => format!("waiting for {first} and {more} more"),
    }
}
