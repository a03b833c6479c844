//! A parallel map with a limit, for calls that mostly wait. On a terminal it shows what it still waits for.

use std::fmt::Display;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::sys::output::Report;

/// Delay before progress is shown.
const DELAY: Duration = Duration::from_secs(1);

/// Returns the results of `work` on each of `items`, in their order, and runs at most `limit` at the same
/// time. `report` prints the progress.
pub(crate) fn parallel_map<T: Display + Sync, R: Send>(
    items: &[T],
    limit: usize,
    report: Option<Report>,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let begin = Instant::now();
    let (next, (sender, receiver)) = (AtomicUsize::new(0), mpsc::channel());
    let mut results: Vec<Option<R>> = items.iter().map(|_| None).collect();
    thread::scope(|scope| {
        for _ in 0..items.len().min(limit) {
            let (next, work, sender) = (&next, &work, sender.clone());
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { break };
                    // The receiver is gone only if this thread's parent panicked.
                    let _ = sender.send((index, work(item)));
                }
            });
        }
        drop(sender);
        let mut shown = None;
        loop {
            match receiver.recv_timeout(DELAY) {
                Ok((index, result)) => {
                    results.get_mut(index).map(|place| place.replace(result));
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
            if let Some(report) = report.filter(|_| begin.elapsed() >= DELAY) {
                report.progress(&waiting(items, &results));
                shown = Some(report);
            }
        }
        if let Some(report) = shown {
            report.progress("");
        }
    });
    results.into_iter().flatten().collect()
}

/// The progress text: the first item without a result, and the number of others.
fn waiting<T: Display, R>(items: &[T], results: &[Option<R>]) -> String {
    let mut missing = items.iter().zip(results).filter(|(_, result)| result.is_none());
    let Some((first, _)) = missing.next() else { return String::new() };
    match missing.count() {
        0 => format!("waiting for {first}"),
        more => format!("waiting for {first} and {more} more"),
    }
}
